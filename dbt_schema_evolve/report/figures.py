"""Numbers for people: three digits that mean something, and a unit."""

_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def duration(us: float) -> str:
    """Return microseconds in the unit that suits them."""
    if us < 0:
        return "\N{MINUS SIGN}" + duration(-us)
    if us < 1_000:
        return f"{us:.0f} µs"
    if us < 999_500:
        return f"{_three(us / 1_000)} ms"
    seconds = us / 1_000_000
    if seconds < 59.95:
        return f"{_three(seconds)} s"
    whole = round(seconds)
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"


def size(count: float) -> str:
    """Return bytes in decimal units, as disks and clouds are sold."""
    if count < 0:
        return "\N{MINUS SIGN}" + size(-count)
    unit = 0
    while count >= 999.5 and unit < len(_SIZES) - 1:
        count /= 1_000
        unit += 1
    return f"{_three(count) if unit else f'{count:.0f}'} {_SIZES[unit]}"


def signed(value: float, text: str) -> str:
    """Put a plus before what is more than nothing."""
    return f"+{text}" if value > 0 else text


def speedup(ratio: float) -> str:
    """Return a ratio of old to new time as `6.1x faster`."""
    if 0.995 <= ratio <= 1.005:
        return "as fast"
    return f"{_three(ratio)}x faster" if ratio > 1 else f"{_three(1 / ratio)}x slower"


def percent(ratio: float) -> str:
    """Return a share as percent."""
    return f"{_three(ratio * 100)} %"


def chance(probability: float) -> str:
    """Return a probability as whole percent: nobody knows it better, and nothing is certain."""
    whole = round(100 * probability)
    return "under 1 %" if whole < 1 else "over 99 %" if whole > 99 else f"{whole} %"


def count(number: int, noun: str) -> str:
    """Return `1 query`, `2 queries`."""
    if number == 1:
        return f"1 {noun}"
    ends_in_consonant_y = noun.endswith("y") and noun[-2:-1] not in set("aeiou")
    plural = f"{noun[:-1]}ies" if ends_in_consonant_y else f"{noun}s"
    return f"{number:,} {plural}"


def _three(value: float) -> str:
    """Three significant digits, as no measurement of ours has more."""
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    digits = f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"
    return digits.rstrip("0").removesuffix(".")
