"""The real artifacts as one dbt project, as often as asked: copies differ in schema and package."""

import gzip
import json
from pathlib import Path
from typing import Any

ARTIFACTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "artifacts"

Json = dict[str, Any]


def artifact_set(copies: int = 1) -> tuple[Json, Json]:
    """Return manifest and catalog of all packages together, `copies` times.

    Nothing is shared between copies, so that each has edges of its own.
    """
    manifest: Json = {"nodes": {}, "sources": {}, "exposures": {}, "parent_map": {}}
    catalog: Json = {"nodes": {}, "sources": {}}
    for folder in sorted(path for path in ARTIFACTS.iterdir() if path.is_dir()):
        texts = [_unpacked(folder / f"{kind}.json.gz") for kind in ("manifest", "catalog")]
        for copy in range(copies):
            one, other = (_renamed(text, folder.name, copy) for text in texts)
            for key in ("nodes", "sources", "parent_map"):
                manifest[key] |= one[key]
            for key in ("nodes", "sources"):
                catalog[key] |= other[key]
            manifest["metadata"], catalog["metadata"] = one["metadata"], other["metadata"]
    manifest["child_map"] = {key: [] for key in manifest["parent_map"]}
    for child, parents in manifest["parent_map"].items():
        for parent in parents:
            manifest["child_map"][parent].append(child)
    for key in ("macros", "docs", "metrics", "groups", "disabled", "selectors"):
        manifest[key] = {}
    return manifest, catalog


def written(copies: int, folder: Path) -> tuple[Path, Path]:
    """Write both as dbt would; return where they are."""
    paths = (folder / "manifest.json", folder / "catalog.json")
    for path, content in zip(paths, artifact_set(copies), strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    return paths


def _unpacked(path: Path) -> Json:
    content: Json = json.loads(gzip.decompress(path.read_bytes()))
    return content


def _renamed(content: Json, package: str, copy: int) -> Json:
    """Return one copy: schemas and unique ids carry its number, relations keep their names."""
    kept = {key: value for key, value in content.items() if key not in {"macros", "docs"}}
    schemas = {
        node.get("schema") or node["metadata"]["schema"]
        for part in ("nodes", "sources")
        for node in kept[part].values()
    }
    text = json.dumps(kept)
    for schema in sorted(schemas, key=len, reverse=True):
        new = f"{schema}_{package}_{copy}"
        text = text.replace(f'\\"{schema}\\".', f'\\"{new}\\".')
        text = text.replace(f'"schema": "{schema}"', f'"schema": "{new}"')
    for kind in ("model", "seed", "source", "test", "snapshot", "analysis"):
        text = text.replace(f'"{kind}.', f'"{kind}.c{copy}_')
    renamed: Json = json.loads(text)
    return renamed
