"""Every command, option and threshold stands in the documentation, and the documentation names no others."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import typer.main

from nightside.cli.commands import COMMANDS, app
from nightside.model.check_settings import CheckSettings
from nightside.model.settings import Settings

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
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
