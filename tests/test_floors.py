"""The house keeps its floors and its doors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {"schemas": 1, "sql": 2, "reports": 3, "flows": 4}
MAY_IMPORT = {
    "schemas": {"schemas"},
    "sql": {"sql", "schemas"},
    "reports": {"reports", "schemas"},
    "flows": {"flows", "reports", "sql", "schemas"},
}
DOORS = {
    "prefect": {"flows/nightly.py", "flows/weekly.py", "flows/serving.py"},
    "great_expectations": {"schemas/"},
    "duckdb": {"sql/", "flows/store.py"},
    "jinja2": {"reports/"},
    "altair": {"reports/"},
    "vl_convert": {"reports/"},
    "weasyprint": {"reports/summary.py"},
    "xlsxwriter": {"reports/sheets.py"},
    "smtplib": {"flows/mailing.py"},
}


def imports() -> Iterator[tuple[str, str]]:
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                yield from ((path.relative_to(ROOT).as_posix(), name.split(".")[0]) for name in names)


def test_a_floor_imports_only_what_lies_below_it():
    climbs = [(file, name) for file, name in imports() if name in FLOORS and name not in MAY_IMPORT[file.split("/")[0]]]
    assert climbs == []


@pytest.mark.parametrize("library", DOORS)
def test_each_heavy_library_has_one_door(library: str):
    users = {file for file, name in imports() if name == library}
    assert users
    assert [file for file in users if not any(file.startswith(door) for door in DOORS[library])] == []


def test_no_module_is_called_like_the_standard_library():
    import sys

    # `statistics` and `text`-like names are only reached through their package, but `flows` runs as scripts do.
    names = {path.stem for path in (ROOT / "flows").rglob("*.py")} - {"__init__"}
    assert names & sys.stdlib_module_names == set()
