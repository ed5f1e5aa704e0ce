"""Twin files on disk: plain, or compressed where the name ends in `.gz`."""

import gzip
import zlib
from pathlib import Path

from dbt_schema_evolve.backends.twin_file.lines import decode, encode
from dbt_schema_evolve.backends.whole_file import write_whole
from dbt_schema_evolve.errors import TwinFileError
from dbt_schema_evolve.records.twin_file import FiledCatalog

_GZIP = b"\x1f\x8b"
# A schema of 10,000 relations takes a tenth of it.
_MOST_BYTES = 1 << 30


def write_twin_file(filed: FiledCatalog, path: Path) -> None:
    """Write the whole file or nothing; raises TwinFileError."""
    text = encode(filed)
    if path.suffix == ".gz":
        text = gzip.compress(text, mtime=0)
    try:
        # It may hold personal data: nobody else on the machine need read it.
        write_whole(path, text, mode=0o600)
    except OSError as error:
        raise TwinFileError(
            f"the twin file cannot be written: {error.strerror}",
            at=str(path),
            remedy="name a file in a folder that exists and may be written to",
        ) from error


def read_twin_file(path: Path) -> FiledCatalog:
    """Return what a file holds; raises TwinFileError."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TwinFileError(
            f"the twin file cannot be unpacked: {error}",
            at=str(path),
            remedy="copy it again, or write it anew with `schema-evolve twin dump`",
        ) from error
    except OSError as error:
        raise TwinFileError(
            f"the twin file cannot be read: {error.strerror}",
            at=str(path),
            remedy="name a file that `schema-evolve twin dump` wrote",
        ) from error
    if len(text) > _MOST_BYTES:
        raise TwinFileError(
            f"the twin file holds more than {_MOST_BYTES >> 30} GiB",
            at=str(path),
            remedy="dump fewer schemas, or with smaller statistics targets",
        )
    return decode(text, str(path))
