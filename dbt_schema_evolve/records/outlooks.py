"""What the planner says of a query at the sizes that its relations are expected to have."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """One query, priced on the twin as of one instant, so many days ahead."""

    subject: str  # a fingerprint, or the unique id of a model
    made_at: datetime
    horizon_days: float  # 0: at the sizes of that instant
    estimated_cost: float  # planner units
    plan_id: str  # the same for the same plan, whatever its indexes are called
    # The largest sort or hash table over what work_mem allows it; above 1 it spills. 0: there is
    # neither.
    estimated_fill_ratio: float
    # What is otherwise than at horizon 0, in words: "Index Scan on marts.orders -> Seq Scan".
    flips: tuple[str, ...] = ()
    # How many times its rows the relation that grows most is expected to have then.
    row_ratio: float = 1.0
