"""The table of weights: read, and refused where it does not fit the rules."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from nightside.diagnosis.rules import RULES, VERSION
from nightside.model.diagnosis import CAUSES, FAMILIES
from nightside.model.errors import InputError, UnreadableError

Numbers = Mapping[str, float]
LARGEST = 10.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one level of one rule moves, and why."""

    rule: str
    level: str
    family: Numbers
    causes: Mapping[str, Numbers]
    """By family: of its causes."""
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Weights:
    """The whole table."""

    version: str
    """Of the rules and of these weights: `1.1`, and after it the first of the digest where it is not the shipped."""
    sure_family: float
    sure_cause: float
    pieces: int
    """Nothing is named on fewer pieces of evidence."""
    prior_family: Numbers
    prior_causes: Mapping[str, Numbers]
    rows: Mapping[tuple[str, str], Row]


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """The table that comes with the program."""
    return _read(
        files("nightside.diagnosis").joinpath("data", "weights.toml").read_bytes(), "weights.toml", ""
    )


@lru_cache(maxsize=8)
def weights_of(file: Path | None) -> Weights:
    """The table in a file, in place of the shipped one; the whole of it. Raises InputError where it does not fit."""
    if file is None:
        return shipped()
    try:
        text = file.read_bytes()
    except OSError as error:
        raise UnreadableError(
            f"the weights cannot be read ({error.strerror})", where=str(file), advice="Name a file in TOML."
        ) from error
    return _read(text, str(file), "+" + hashlib.sha256(text).hexdigest()[:12])


def _read(text: bytes, where: str, mark: str) -> Weights:
    try:
        data = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _misfit(str(error).splitlines()[0], where) from None
    try:
        return _table(data, mark)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise _misfit(what, where) from None


def _misfit(what: str, where: str) -> InputError:
    advice = "Start from a copy of the shipped weights.toml (docs/diagnosis.md)."
    return InputError(f"no table of weights: {what}", where=where, advice=advice)


def _table(data: dict[str, Any], mark: str) -> Weights:
    _only(data, {"version", "verdict", "prior", "row"}, "the table")
    verdict, prior = data["verdict"], data["prior"]
    _only(verdict, {"family", "cause", "pieces"}, "verdict")
    _only(prior, {"family", *FAMILIES}, "prior")
    sure = {key: _number(verdict[key], key) for key in ("family", "cause")}
    if not all(0.0 < share <= 1.0 for share in sure.values()):
        raise ValueError("verdict has a number that is not above 0 and at most 1")
    rows: dict[tuple[str, str], Row] = {}
    for item in data["row"]:
        row = _row(item)
        if (row.rule, row.level) in rows:
            raise ValueError(f"two rows for {row.rule} {row.level}")
        rows[row.rule, row.level] = row
    missing = sorted({(rule.id, level) for rule in RULES for level in rule.levels} - set(rows))
    if missing:
        raise ValueError(f"no row for {' '.join(missing[0])}")
    return Weights(
        f"{VERSION}.{_whole(data['version'], 'version')}{mark}",
        sure["family"],
        sure["cause"],
        _whole(verdict["pieces"], "pieces"),
        _numbers(prior["family"], FAMILIES, "prior.family", whole=True),
        {f: _numbers(prior[f], CAUSES[f], f"prior.{f}", whole=True) for f in FAMILIES},
        rows,
    )


def _row(item: dict[str, Any]) -> Row:
    rule, level = item["rule"], item["level"]
    name = f"{rule} {level}"
    if not any(r.id == rule and level in r.levels for r in RULES):
        raise ValueError(f"no rule says {name}")
    _only(item, {"rule", "level", "why", "source", "family", *FAMILIES}, name)
    if not all(isinstance(item[key], str) and item[key].strip() for key in ("why", "source")):
        raise ValueError(f"{name} has no why or no source")
    return Row(
        rule,
        level,
        _numbers(item.get("family", {}), FAMILIES, name),
        {f: _numbers(item[f], CAUSES[f], f"{name} {f}") for f in FAMILIES if f in item},
        item["why"],
        item["source"],
    )


def _numbers(data: Any, known: tuple[str, ...], name: str, *, whole: bool = False) -> dict[str, float]:
    _only(data, set(known), name)
    if whole:
        return {key: _number(data[key], f"{name}.{key}") for key in known}
    return {key: _number(value, f"{name}.{key}") for key, value in data.items()}


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is no whole number")
    return value


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{name} is no number")
    if abs(value) > LARGEST:
        raise ValueError(f"{name} is beyond {LARGEST:g}, which no evidence is worth")
    return float(value)


def _only(data: Any, known: set[str], name: str) -> None:
    if not isinstance(data, dict):
        raise ValueError(f"{name} is no table")
    strange = sorted(set(data) - known)
    if strange:
        raise ValueError(f"{name} has {strange[0]!r}, which is not known")
