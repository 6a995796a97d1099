"""The commands, and their help: each one's file is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

COMMANDS: tuple[str, ...] = (
    "demo",
    "replay",
    "backfill",
    "watch",
    "channels",
    "check",
    "networks",
    "incidents",
    "show",
    "serve",
    "tokens",
    "elements",
    "evaluate",
    "doctor",
    "world",
    "store",
)
"""In the order of the help text; each is a file of this room with a `command`: a function, or a group of them."""


class _Commands(Mapping[str, Any]):
    """The commands by name; a command's file is imported when it is asked for, so that none waits for another's."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = _command(name)
        return self._made[name]


def _command(name: str) -> Any:
    found = importlib.import_module(f"nightside.cli.{name}").command
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name=name)(found)
    return get_command(alone)


class _Nightside(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()  # type: ignore[assignment]  # nobody adds to them


app = typer.Typer(
    name="nightside",
    cls=_Nightside,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An open observatory for national Internet outages: which country, network or service fell off the "
    "Internet, when to the second, for how long, and how sure that is.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from nightside import __version__

        typer.echo(f"nightside {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass
