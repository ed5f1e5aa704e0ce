"""The twin file: a catalog as text that people can read before it leaves the warehouse's site."""

from dbt_schema_evolve.backends.twin_file.file import read_twin_file, write_twin_file
from dbt_schema_evolve.backends.twin_file.lines import encode
from dbt_schema_evolve.backends.twin_file.redact import redacted
from dbt_schema_evolve.backends.twin_file.warehouse import FiledWarehouse

__all__ = ["FiledWarehouse", "encode", "read_twin_file", "redacted", "write_twin_file"]
