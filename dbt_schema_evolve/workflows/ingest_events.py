"""What jobs report, into the history."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dbt_schema_evolve.ingest.openlineage import read_events
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.records.etl import OUR_PRODUCER, EtlEvent
from dbt_schema_evolve.records.workload import Skip

_AT_A_TIME = 2_000  # events a transaction


@dataclass(frozen=True, slots=True)
class IngestedEvents:
    """How many events were new, and which could not be read."""

    events: int
    skips: tuple[Skip, ...]


def ingest_events(
    found: Iterable[tuple[bytes, str] | Skip], history: History, max_bytes: int
) -> IngestedEvents:
    """Keep every event that the history does not hold yet; `found` are contents and their places.

    What we wrote ourselves is left out: it would confirm our own words.
    """
    skips: list[Skip] = []

    def read() -> Iterator[EtlEvent]:
        for part in found:
            outcomes = [part] if isinstance(part, Skip) else read_events(*part, max_bytes)
            for outcome in outcomes:
                if isinstance(outcome, Skip):
                    skips.append(outcome)
                elif outcome.report.producer.startswith(OUR_PRODUCER):
                    skips.append(Skip(str(outcome.report.job), "we wrote it ourselves"))
                else:
                    yield outcome

    events = read()
    added = 0
    while batch := list(itertools.islice(events, _AT_A_TIME)):
        added += history.add_events(batch)
    return IngestedEvents(added, tuple(skips))
