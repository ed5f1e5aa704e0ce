"""Reads what stands before a message in Postgres' own log format, whatever log_line_prefix says."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Za-z0-9+:-]+"
_NAME = r".{0,256}?"  # a name has 63 bytes; a host and port fewer than these
# https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX
_ESCAPES = {
    "a": f"(?P<application_name>{_NAME})",
    "u": f"(?P<role>{_NAME})",
    "d": f"(?P<database>{_NAME})",
    "p": r"(?P<pid>\d+)",
    "t": f"(?P<time>{_TIME})",
    "m": f"(?P<time>{_TIME})",
    "n": r"(?P<epoch>\d+\.\d+)",
    "Q": r"(?P<queryid>-?\d+)",
    "c": r"[0-9a-f]+\.[0-9a-f]+",
    "l": r"\d+",
    "s": _TIME,
    "x": r"\d+",
    "P": r"\d*",
    "e": r"\w{5}",
    "%": "%",
}
_ESCAPE = re.compile(r"%(-?\d+)?(.)", re.DOTALL)
_SEVERITY = (
    r"(?P<severity>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT"
    r"|LOCATION|BACKTRACE|STATEMENT):  "
)
# Of Postgres, Debian, RDS, Cloud SQL, Azure and pgBadger; those that say more come first.
KNOWN_PREFIXES = (
    "%m [%p] %q%u@%d/%a ",
    "%m %u@%d %a [%p] ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: [%l-1] db=%d,user=%u ",
    "%t:%r:%u@%d:[%p]:",
    "%m [%p] %q%u@%d ",
    "%m [%p] ",
    "%t [%p] ",
    "%t-%c-",
)
_ANY = re.compile(
    rf"(?:.{{0,400}}?(?P<time>{_TIME}))?(?:.{{0,400}}?\[(?P<pid>\d+)\])?.{{0,400}}?{_SEVERITY}"
)


def pattern(prefix: str) -> re.Pattern[str]:
    """Return what finds prefix and severity at the start of a line, for a log_line_prefix."""
    parts: list[str] = []
    at, named, is_optional = 0, set(), False
    for escape in _ESCAPE.finditer(prefix):
        parts.append(re.escape(prefix[at : escape.start()]))
        at = escape.end()
        width, letter = escape.groups()
        if letter == "q":  # what follows is left out by processes without a session
            is_optional = True
            parts.append("(?:")
            continue
        found = _ESCAPES.get(letter, _NAME)
        name = found[4 : found.index(">")] if found.startswith("(?P<") else ""
        if name and name in named:
            found = f"(?:{found[found.index('>') + 1 :]}"
        named.add(name)
        parts.append(rf" *{found} *" if width else found)
    parts.append(re.escape(prefix[at:]))
    return re.compile("".join([*parts, ")?" if is_optional else "", _SEVERITY]))


def best_pattern(prefixes: Sequence[str], lines: Sequence[str]) -> re.Pattern[str] | None:
    """Return the pattern that fits most of the lines, the earlier at a tie; None if none fits.

    Where no known prefix fits, a line may still show a time and a process in brackets.
    """
    starts = [line[:1_000] for line in lines if not line.startswith("\t")]
    found = [*(pattern(prefix) for prefix in dict.fromkeys(prefixes)), _ANY]
    fits = [sum(each.match(start) is not None for start in starts) for each in found]
    # The last resort also fits what others fit, so it has to fit far more to be taken.
    fits[-1] //= 2
    return found[fits.index(max(fits))] if max(fits) else None


def instant(text: str, zone: tzinfo) -> datetime | None:
    """Return the time that a log shows; None where its zone is neither UTC nor `zone`."""
    moment, _, name = text.rpartition(" ")
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if name in {"UTC", "GMT", "Z"}:
        return found.replace(tzinfo=UTC)
    if name[:1] in {"+", "-"}:
        digits = name[1:].replace(":", "")
        if not digits.isdigit():
            return None
        minutes = int(digits[:2]) * 60 + int(digits[2:4] or 0)
        offset = timedelta(minutes=minutes if name[0] == "+" else -minutes)
        return found.replace(tzinfo=timezone(offset)) if minutes < 24 * 60 else None
    for fold in (0, 1):
        there = found.replace(tzinfo=zone, fold=fold)
        if there.tzname() == name:
            return there
    return None
