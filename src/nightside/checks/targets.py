"""Targets: what is checked, from a file in TOML. Strict: what is not understood is refused, with file and row.

    country = "KP"             # whose targets; a file of canaries has none
    allow_private = false      # true: names may point into space that is not the Internet's

    [[target]]
    name = "KCNA"              # with its kind the key of its results
    kind = "http"              # http, dns, smtp, icmp, tcp, tls, trace
    group = "state media"
    url = "http://kcna.kp/"    # http: url; dns: zone; smtp: domain; else: host

docs/checks.md says which keys each kind takes.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from nightside.checks.target_rows import target_of
from nightside.model.check import Target
from nightside.model.errors import InputError, UsageError

FILE_BYTES = 1_048_576
MOST_TARGETS = 5_000
CANARIES = "canaries"
TEMPLATE = "template"
MOST_PORTS = 4
"""Of one host: a service has a few, and who tries more scans."""
_HEADER = ("country", "allow_private", "target")


@dataclass(frozen=True, slots=True)
class TargetFile:
    """What a file says; `name` is its path, or `kp.toml` of a shipped one."""

    name: str
    country: str
    targets: tuple[Target, ...]
    allow_private: bool = False


def targets_of(country_or_file: str, folders: Sequence[Path] = ()) -> TargetFile:
    """The targets of a country (`KP`: `KP.toml` in the first folder that has one, else the shipped), or of a file.

    A word of two letters is a country, anything else a path. Raises InputError where there is none, or where it is
    refused.
    """
    if len(country_or_file) == 2 and country_or_file.isascii() and country_or_file.isalpha():
        code = country_or_file.upper()
        return _found(code, code.lower(), folders)
    return read_targets(Path(country_or_file))


def canaries(folders: Sequence[Path] = ()) -> TargetFile:
    """The canaries: `canaries.toml` in the first folder that has one, else the shipped. Each row is one network."""
    return _found("", CANARIES, folders)


def read_targets(path: Path, *, country: str | None = None) -> TargetFile:
    """The targets of a file; `country` is the one it must say, where that is known, "" for canaries.

    Raises InputError, with the row, where the file cannot be read or anything in it is not understood.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            advice="Name a country (KP) or a target file.",
        ) from None
    return _parsed(raw, str(path), country)


def _found(country: str, stem: str, folders: Sequence[Path]) -> TargetFile:
    for folder in folders:
        for name in (f"{stem.upper()}.toml", f"{stem}.toml"):
            if (folder / name).is_file():
                return read_targets(folder / name, country=country)
    shipped = files("nightside.checks") / "data"
    file = shipped / f"{stem}.toml"
    if stem == TEMPLATE or not file.is_file():
        own = f" as {folders[0] / f'{stem.upper()}.toml'}" if folders else ""
        raise UsageError(
            f"no targets are known for {country}",
            advice=f"Write them down after {shipped / f'{TEMPLATE}.toml'}{own}, or name a file.",
        )
    return _parsed(file.read_bytes(), file.name, country)


def _parsed(raw: bytes, name: str, country: str | None) -> TargetFile:
    if len(raw) > FILE_BYTES:
        raise InputError(
            "longer than 1 MiB", where=name, advice="Split it; each file is checked by its own command."
        )
    try:
        said = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"not TOML: {str(error) or 'nested too deep'}",
            where=name,
            advice="docs/checks.md shows the form.",
        ) from None
    head = _header(said, name, country)
    rows = said.get("target", [])
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            "no targets", where=name, advice="Each is a table that begins with the line [[target]]."
        )
    if len(rows) > MOST_TARGETS:
        raise InputError(
            f"{len(rows)} targets; {MOST_TARGETS} is the most",
            where=name,
            advice="Split the file into several.",
        )
    return replace(head, targets=_targets(rows, head))


def _header(said: Mapping[str, Any], name: str, country: str | None) -> TargetFile:
    for key in said:
        if key not in _HEADER:
            raise InputError(
                f"the key {key[:40]!r} is not known", where=name, advice=f"There are {', '.join(_HEADER)}."
            )
    private = said.get("allow_private", False)
    if not isinstance(private, bool):
        raise InputError(
            "allow_private is neither true nor false", where=name, advice="Write it without quotes."
        )
    code = said.get("country", "")
    valid = isinstance(code, str) and len(code) == 2 and code.isascii() and code.isupper() and code.isalpha()
    if country == "":
        if "country" in said:
            raise InputError("canaries are of no country", where=name, advice="Leave the line `country` out.")
    elif not valid:
        raise InputError(
            "no country" if "country" not in said else f"country {str(code)[:20]!r} is no two-letter code",
            where=name,
            advice='Begin the file with a line such as country = "KP".',
        )
    elif country is not None and code != country:
        raise InputError(
            f"it is of {code}, not of {country}",
            where=name,
            advice=f'Write country = "{country}", or rename it.',
        )
    return TargetFile(name, code, (), private)


def _targets(rows: Sequence[Mapping[str, Any]], head: TargetFile) -> tuple[Target, ...]:
    seen: dict[tuple[str, str], int] = {}
    ports: dict[str, set[int]] = defaultdict(set)
    found: list[Target] = []
    for number, row in enumerate(rows, 1):
        target = target_of(row, head.country, f"{head.name}: target {number}")
        first = seen.setdefault((target.name, target.kind), number)
        if first != number:
            raise InputError(
                f"name and kind are those of target {first}",
                where=f"{head.name}: target {number} ({target.name!r})",
                advice="Give each target of a kind its own name: results are kept by it.",
            )
        if target.port is not None:
            ports[target.where].add(target.port)
        if len(ports.get(target.where, ())) > MOST_PORTS:
            raise InputError(
                f"more than {MOST_PORTS} ports of {target.where}",
                where=f"{head.name}: target {number} ({target.name!r})",
                advice="No ports are scanned here: check those of known services.",
            )
        found.append(target)
    return tuple(found)
