"""What OpenLineage events call the warehouse of a dbt project."""

from psycopg.conninfo import conninfo_to_dict

from dbt_schema_evolve.backends.dbt_project import DbtProject, Target
from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.records.etl import Home


def home_of(project: DbtProject, target: Target) -> Home:
    """Return the names of a target, and those that the project's vars add; no one is asked.

    A socket is the local host. Raises ProjectError where the vars hold no list of names.
    """
    settings = conninfo_to_dict(target.conninfo)
    host = str(settings.get("host") or "/")
    host = "localhost" if host.startswith(("/", "@")) else host
    address = f"[{host}]" if ":" in host else host
    also = project.settings.get("openlineage_namespaces", [])
    if not isinstance(also, list) or not all(isinstance(each, str) for each in also):
        raise ProjectError(
            "vars.schema_evolve.openlineage_namespaces is no list of names",
            at=str(project.folder / "dbt_project.yml"),
            remedy='write for example ["postgres://db.internal:5432"]',
        )
    namespace = f"postgres://{address}:{settings.get('port', 5432)}"
    return Home(str(settings.get("dbname", "")), namespace, frozenset(also))
