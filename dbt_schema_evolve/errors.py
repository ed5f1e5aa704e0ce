"""The errors a user can act on; anything else is our bug and keeps its traceback."""


class EvolveError(Exception):
    """What is wrong, where, and what to do next."""

    def __init__(self, problem: str, *, at: str = "", remedy: str) -> None:
        """Ask for a remedy every time: an error we cannot advise on is a bug."""
        super().__init__(problem)
        self.problem, self.at, self.remedy = problem, at, remedy


class ArtifactError(EvolveError):
    """A file that dbt wrote is missing, broken, or not one we can read."""


class LogError(EvolveError):
    """A log or trace file is missing, cannot be read, or is none that we know."""


class ProjectError(EvolveError):
    """The dbt project or its profile cannot be found or understood."""


class DbtError(EvolveError):
    """A dbt command did not succeed."""


class WarehouseError(EvolveError):
    """The warehouse cannot be reached or refuses what we need."""


class NotCapturedError(WarehouseError):
    """Nothing has ever been captured in this warehouse."""


class HistoryError(EvolveError):
    """The history file cannot be read or written."""


class GraphStoreError(EvolveError):
    """The graph database cannot be reached, or refuses what we need."""


class BusyError(EvolveError):
    """Another run holds what this one needs."""


class ReceiverError(EvolveError):
    """OpenLineage events cannot be received here."""


class OracleError(EvolveError):
    """A cost oracle cannot price what was asked of it."""


class TwinError(OracleError):
    """The planner twin cannot be built, or cannot hold what was asked of it."""


class TwinFileError(EvolveError):
    """A twin file is cut off, was changed, is none, or cannot be written."""


class PatchError(EvolveError):
    """A project file cannot be patched without touching what must not change."""


class PredictorError(EvolveError):
    """A trained model's file is damaged, or not one of this version."""
