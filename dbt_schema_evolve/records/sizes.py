"""Sizes as people write them."""

_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


def bytes_of(size: str) -> int | None:
    """Return the bytes of a size such as `500MB`, in powers of 1024 as in Postgres.

    None where it is not a size.
    """
    text = size.strip().upper()
    unit = next((unit for unit in sorted(_UNITS, key=len)[::-1] if text.endswith(unit)), "")
    number = text.removesuffix(unit).strip()
    if not number.replace(".", "", 1).isdecimal():
        return None
    return int(float(number) * _UNITS.get(unit, 1))
