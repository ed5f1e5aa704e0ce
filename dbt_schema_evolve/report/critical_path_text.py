"""The chain of builds that takes longest, as text of a screen's size."""

import textwrap

from dbt_schema_evolve.records.answers import CriticalPath, TimedNode, places
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.lineage_text import WIDTH, more


def critical_path_text(path: CriticalPath, limit: int) -> str:
    """Return the longest chain, then the nodes that have least time to spare."""
    if not path.length_us:
        return "No build of these nodes was ever timed: run dbt, then `schema-evolve ingest`."
    length, total = figures.duration(path.length_us), figures.duration(path.total_us)
    threads = figures.count(path.threads, "thread")
    lines = [
        f"No number of threads builds this in less than {length}; all of it is {total} of work,",
        f"so more than {threads} would wait.",
        "",
    ]
    by_place = {each.place: each for each in path.nodes}
    on_path = [by_place[place] for place in path.path]
    lines += [f"  {_duration(each):>12}  {each.place}" for each in on_path]
    beside = [each for each in path.nodes if each.place not in set(path.path) and each.measured_us]
    beside.sort(key=lambda each: (each.slack_us, each.place))
    if beside:
        lines += ["", "Beside it, with the time to spare:"]
        lines += [
            f"  {_duration(each):>12}  {each.place}  ({figures.duration(each.slack_us)} to spare)"
            for each in beside[:limit]
        ]
        lines += [f"  {line}" for line in [more(beside, limit)] if line]
    untimed = [each.place for each in path.nodes if each.measured_us is None and each.is_built]
    if untimed:
        shown = f"never timed, counted as nothing: {places(untimed[:limit])}"
        lines += ["", *textwrap.wrap(f"{shown} {more(untimed, limit)}".rstrip(), WIDTH)]
    return "\n".join(lines)


def _duration(each: TimedNode) -> str:
    if not each.is_built:
        return "ephemeral"
    return "not timed" if each.measured_us is None else figures.duration(each.measured_us)
