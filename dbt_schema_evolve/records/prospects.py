"""What breaks next: forecasts with the limit that they run into, and who is affected."""

from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.records.answers import Place
from dbt_schema_evolve.records.column_trends import Alarm
from dbt_schema_evolve.records.forecasts import Breach, Forecast
from dbt_schema_evolve.records.workload import Skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for a query or a model."""

    id: str
    kind: str  # dashboard, route, role, ...
    name: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Affected:
    """Who is affected when a query or a model gets slower."""

    models: tuple[Place, ...] = ()  # that are made from it, nearest first
    consumers: tuple[Waiting, ...] = ()  # those that call most first


@dataclass(frozen=True, slots=True)
class Limit:
    """The time that a subject should not pass."""

    us: float
    set_by: str  # who says so, in words


@dataclass(frozen=True, slots=True)
class Prospect:
    """One forecast, its limit, and who is affected."""

    name: str  # the SQL in one line, or what dbt calls the model
    kind: str  # query, model, snapshot
    forecast: Forecast
    limit: Limit
    # When it passes the limit; None: even the interval's upper end stays below it up to the
    # horizon.
    breach: Breach | None
    breaks: bool  # whether it is expected to pass the limit, or to degrade, within the horizon
    affected: Affected


@dataclass(frozen=True, slots=True)
class Spoke:
    """Which predictor made the forecasts, and why it was that one."""

    predictor: str  # prior, own, projection
    reason: str


@dataclass(frozen=True, slots=True)
class Foresight:
    """Everything that is said of the days ahead."""

    made_at: datetime
    horizon_days: float
    spoke: Spoke
    prospects: tuple[Prospect, ...]  # what breaks first comes first, then the steepest
    skips: tuple[Skip, ...]
    alarms: tuple[Alarm, ...] = ()  # columns that will not hold their next values
    notes: tuple[str, ...] = ()  # what keeps it from being whole


@dataclass(frozen=True, slots=True)
class Issued:
    """A forecast as it was made, kept until it is known what came."""

    predictor: str  # its id: another one after each training
    subject: str
    made_at: datetime
    horizon_days: float
    measured_us: float
    predicted_us: float
    predicted_low_us: float
    predicted_high_us: float
    predicted_probability: float | None
