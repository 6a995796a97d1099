"""What the program takes and gives stands in the documentation, and the documentation names nothing else.

Elsewhere: routes of the API in test_api_documented.py, metrics and alerts in test_packaging.py, endpoints in
test_endpoints.py, rows of channels.toml in test_channels_configuration.py, examples in test_examples.py.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import typer.main
from fastapi.routing import APIRoute
from tools.shapes_page import PAGE, page_text, said_as

from nightside.cli.commands import COMMANDS, app
from nightside.model import errors
from nightside.model.check_settings import CheckSettings
from nightside.model.settings import Settings
from nightside.web import pages, report_page

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
SOURCES = sorted((ROOT / "src").rglob("*.py"))
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
SETTING_ROW = re.compile(r'^\| `(\w+)` \| `([\d.]+|true|false|"\w+")` \|', re.MULTILINE)


def sections() -> dict[str, str]:
    """The text below each heading of docs/commands.md that names a command."""
    parts = re.split(r"^## `nightside (\w+)`$", (DOCS / "commands.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def options(command: str) -> set[str]:
    """The long names of what the command, and those below it, take, without --help."""
    group = typer.main.get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]
    params = [p for c in (found, *getattr(found, "commands", {}).values()) for p in c.params]
    names = {name for p in params if p.param_type_name == "option" for name in (*p.opts, *p.secondary_opts)}
    return {name for name in names if name.startswith("--")} - {"--help"}


def test_the_documented_commands_are_the_commands() -> None:
    assert set(sections()) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_documented_options_are_the_options(command: str) -> None:
    assert set(OPTION.findall(sections()[command])) == options(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_overview_names_the_command(command: str) -> None:
    overview = (DOCS / "commands.md").read_text().split("\n## ")[0]
    assert f"[`{command}`](#nightside-{command})" in overview


def test_each_threshold_stands_in_the_definitions_with_its_default() -> None:
    rows = {
        name: json.loads(default)
        for name, default in SETTING_ROW.findall((DOCS / "definitions.md").read_text())
    }
    assert rows == dataclasses.asdict(Settings()) | dataclasses.asdict(CheckSettings())


def test_each_key_of_each_shape_is_explained() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(), "python -m tools.shapes_page"


def test_each_shape_is_named_where_it_is_given() -> None:
    """Beside the page that is made of the schemas; those that stand only within others have no name of their own."""
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md") if page != PAGE)
    schemas = (ROOT / "src" / "nightside" / "model" / "schemas").glob("*.json")
    shapes = {said_as(path.stem) for path in schemas}
    within = {
        "nightside.acknowledgement/1",
        "nightside.attached-report/1",
        "nightside.error/1",
        "nightside.incident-summary/1",
    }
    assert {shape for shape in shapes if shape not in text} <= within


def test_each_exit_code_is_explained() -> None:
    found: set[int] = {0}
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.NightsideError):
            found.add(error.exit_code)
    line = re.search(r"^\*\*Exit codes\.\*\* (.*)$", (DOCS / "commands.md").read_text(), re.MULTILINE)
    assert line is not None
    assert {int(code) for code in re.findall(r"\b(\d): ", line[1])} == found


def test_each_kind_of_message_is_explained() -> None:
    schema = json.loads((ROOT / "src" / "nightside" / "model" / "schemas" / "message-1.json").read_text())
    section = (DOCS / "definitions.md").read_text().partition("## Messages")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(rows) == sorted(schema["properties"]["kind"]["enum"])


def test_each_variable_of_the_environment_is_explained() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    said = {name for path in SOURCES for name in re.findall(r"NIGHTSIDE_[A-Z][A-Z_]*[A-Z]", path.read_text())}
    # Of the shell that asks for the words that may follow.
    assert {name for name in said if name not in text} <= {"NIGHTSIDE_COMPLETE"}


def test_each_page_of_the_dashboard_is_explained() -> None:
    text = (DOCS / "dashboard.md").read_text()
    rows = {
        path
        for row in re.findall(r"^\| (`/.*?) \|", text, re.MULTILINE)
        for path in re.findall(r"`(/.*?)`", row)
    }
    example = {"{code}": "KP", "{number}": "131279", "{id}": "ID", "{n}": "N"}
    shown = set()
    for route in [r for r in (*pages.router.routes, *report_page.router.routes) if isinstance(r, APIRoute)]:
        path = route.path
        for name, value in example.items():
            path = path.replace(name, value)
        shown.add(path)
    # A list of names for the field where one looks for a country, and where that field leads.
    assert shown - {"/names.json", "/countries"} == rows
