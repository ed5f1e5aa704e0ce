"""What a twin file says, and what of it stands, for people."""

from collections.abc import Iterator

from dbt_schema_evolve.records.twin_file import TwinReport
from dbt_schema_evolve.report import figures


def twin_text(report: TwinReport) -> str:
    """Return a screenful; every part that was left out is named."""
    return "\n".join(_lines(report))


def _lines(report: TwinReport) -> Iterator[str]:
    at = report.captured_at.isoformat(sep=" ", timespec="seconds")
    version = f"{report.server_version // 10000}.{report.server_version % 10000}"
    yield f"File     Postgres {version} as of {at}, written by {report.tool}"
    for sentence in report.lost:
        yield f"         redacted: {sentence}"
    standing = report.standing
    counts = ", ".join(
        (
            figures.count(standing.tables, "table"),
            f"{standing.indexes:,} index{'es' * (standing.indexes != 1)}",
            figures.count(standing.views, "view"),
        )
    )
    yield f"Stands   {counts}"
    for skip in report.skips:
        yield f"Left out {skip.subject}: {skip.reason}"
    seconds = figures.duration(report.seconds * 1_000_000)
    yield f"Takes    {figures.size(report.disk_bytes)} of disk, {seconds}"
