"""Finds the dbt project, its profile and its artifacts the way dbt finds them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import jinja2.sandbox
from psycopg.conninfo import make_conninfo
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dbt_schema_evolve.errors import ProjectError

ADAPTERS = frozenset({"postgres", "pgevolve"})


@dataclass(frozen=True, slots=True)
class Target:
    """One output of profiles.yml; `raw` keeps its Jinja, so that it holds no secret."""

    profile: str
    name: str
    adapter_type: str
    schema: str
    conninfo: str
    raw: Mapping[str, Any]

    def __repr__(self) -> str:
        """Leave the connection string out: it may hold a password."""
        return f"Target({self.profile}.{self.name}, {self.adapter_type})"


@dataclass(frozen=True, slots=True)
class DbtProject:
    """A project folder and the settings that we need of it."""

    folder: Path
    name: str
    profile: str
    target_path: Path
    settings: Mapping[str, Any]  # vars: schema_evolve:

    @property
    def state_dir(self) -> Path:
        """Where our own files for this project live."""
        return self.folder / ".schema_evolve"


def find_project(project_dir: Path | None, env: Mapping[str, str] = os.environ) -> DbtProject:
    """Read dbt_project.yml from the given folder, DBT_PROJECT_DIR, or here and upwards."""
    if project_dir is not None:
        folder = project_dir
    elif env.get("DBT_PROJECT_DIR"):
        folder = Path(env["DBT_PROJECT_DIR"])
    else:
        here = Path.cwd()
        homes = (p for p in (here, *here.parents) if (p / "dbt_project.yml").is_file())
        folder = next(homes, here)
    folder = folder.resolve()
    raw = _yaml(folder / "dbt_project.yml", "run in a dbt project or pass --project-dir")
    name = raw.get("name")
    if not isinstance(name, str):
        raise ProjectError(
            "the project has no name",
            at=str(folder / "dbt_project.yml"),
            remedy="give it a `name:`",
        )
    variables = raw.get("vars") or {}
    settings = variables.get("schema_evolve") or {}
    if not isinstance(settings, dict):
        raise ProjectError(
            "vars.schema_evolve is not a mapping",
            at=str(folder / "dbt_project.yml"),
            remedy="write it as `schema_evolve: {budget: 500MB}`",
        )
    target_path = env.get("DBT_TARGET_PATH") or raw.get("target-path") or "target"
    return DbtProject(
        folder=folder,
        name=name,
        profile=str(raw.get("profile") or name),
        target_path=folder / str(target_path),
        settings=settings,
    )


def find_target(
    project: DbtProject,
    profiles_dir: Path | None = None,
    profile: str | None = None,
    target: str | None = None,
    env: Mapping[str, str] = os.environ,
) -> Target:
    """Read the target that dbt would use; raises ProjectError where it is not Postgres."""
    path = _profiles_path(project, profiles_dir, env)
    render = _Renderer(path, env)
    profiles = _yaml(path, "create it, or pass --profiles-dir")
    profile_name = profile or env.get("DBT_PROFILE") or project.profile
    entry = profiles.get(profile_name)
    if not isinstance(entry, dict) or not isinstance(entry.get("outputs"), dict):
        raise ProjectError(
            f"there is no profile named {profile_name!r} with outputs",
            at=str(path),
            remedy=f"add it, or choose one of: {', '.join(sorted(map(str, profiles)))}",
        )
    name = target or env.get("DBT_TARGET") or render(entry.get("target", "default"))
    raw = entry["outputs"].get(name)
    if not isinstance(raw, dict):
        raise ProjectError(
            f"profile {profile_name!r} has no target named {name!r}",
            at=str(path),
            remedy=f"choose one of: {', '.join(sorted(map(str, entry['outputs'])))}",
        )
    output = {key: render(value) for key, value in raw.items()}
    if output.get("type") not in ADAPTERS:
        raise ProjectError(
            f"target {name!r} is of type {output.get('type')!r}; we work on Postgres",
            at=str(path),
            remedy="choose a target of type postgres or pgevolve with --target",
        )
    return Target(
        profile=profile_name,
        name=str(name),
        adapter_type=str(output["type"]),
        schema=str(output.get("schema", "public")),
        conninfo=_conninfo(output),
        raw=raw,
    )


def _conninfo(output: Mapping[str, Any]) -> str:
    settings = {
        "host": output.get("host"),
        "port": output.get("port", 5432),
        "user": output.get("user"),
        "password": output.get("password") or output.get("pass"),
        "dbname": output.get("dbname") or output.get("database"),
        "connect_timeout": output.get("connect_timeout", 10),
        "sslmode": output.get("sslmode"),
        "sslcert": output.get("sslcert"),
        "sslkey": output.get("sslkey"),
        "sslrootcert": output.get("sslrootcert"),
        "application_name": "schema_evolve",
    }
    return make_conninfo("", **{k: v for k, v in settings.items() if v not in {None, ""}})


def _profiles_path(project: DbtProject, profiles_dir: Path | None, env: Mapping[str, str]) -> Path:
    if profiles_dir is not None:
        return profiles_dir / "profiles.yml"
    if env.get("DBT_PROFILES_DIR"):
        return Path(env["DBT_PROFILES_DIR"]) / "profiles.yml"
    for folder in (Path.cwd(), project.folder):
        if (folder / "profiles.yml").is_file():
            return folder / "profiles.yml"
    return Path.home() / ".dbt" / "profiles.yml"


def _yaml(path: Path, remedy: str) -> dict[str, Any]:
    try:
        loaded = YAML(typ="safe").load(path.read_bytes())
    except FileNotFoundError:
        raise ProjectError(f"{path.name} not found", at=str(path.parent), remedy=remedy) from None
    except OSError as error:
        raise ProjectError(str(error), at=str(path), remedy="make the file readable") from error
    except (YAMLError, UnicodeDecodeError) as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise ProjectError(
            f"not valid YAML: {first}", at=str(path), remedy="correct the file; `dbt parse` helps"
        ) from error
    if not isinstance(loaded, dict):
        raise ProjectError("holds no settings", at=str(path), remedy=remedy)
    return loaded


class _Renderer:
    """Renders the Jinja of a profile, which may ask for environment variables only."""

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self._path, self._env = path, env
        self._jinja = jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined)
        self._jinja.globals["env_var"] = self._env_var
        self._jinja.filters.update(as_number=str, as_bool=str, as_native=str, as_text=str)

    def __call__(self, value: Any) -> Any:
        """Return a value of the profile, rendered where it is Jinja."""
        if not isinstance(value, str) or "{" not in value:
            return value
        try:
            return self._jinja.from_string(value).render()
        except KeyError as error:
            raise ProjectError(
                f"the profile needs the environment variable {error.args[0]}",
                at=str(self._path),
                remedy=f"export {error.args[0]}=...",
            ) from None
        except jinja2.TemplateError as error:
            raise ProjectError(
                f"cannot render {value!r}: {error}",
                at=str(self._path),
                remedy="correct the profile",
            ) from error

    def _env_var(self, name: str, default: str | None = None) -> str:
        value = self._env.get(name, default)
        if value is None:
            raise KeyError(name)
        return value
