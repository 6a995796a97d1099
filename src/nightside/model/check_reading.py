"""A check's result read back from its JSON, `nightside.check/1`: of a file, or of another place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn, get_args

from nightside.model.check import SCHEMA, SERVICE_OF, CheckResult, Outcome, Phase
from nightside.model.errors import InputError

FACTS_BYTES = 4_096
_TEXTS: dict[str, tuple[int, int]] = {
    "place": (1, 100),
    "country": (0, 2),
    "target": (1, 100),
    "group": (0, 100),
    "part": (0, 253),
}
"""Of each text the least and the most characters."""
_PHASES = ("resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms")
_KEYS = {
    *("schema", "at", "kind", "family", "address", "outcome", "failed_in", "detail", "phases", "facts"),
    "reconstruction",
    *_TEXTS,
}
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LONGEST_MS = 86_400_000


def read_result(item: Any) -> CheckResult:
    """One result, checked key by key.

    Raises InputError that names the key. Control characters stay: whoever shows texts, escapes.
    """
    if not isinstance(item, dict):
        _refuse("not an object")
    if item.get("schema") != SCHEMA:
        _refuse(f"`schema` is not {SCHEMA}")
    if set(item) != _KEYS:
        wrong = sorted(set(item) ^ _KEYS, key=str)[0]
        _refuse(f"the key {str(wrong)[:40]!r} is {'missing' if wrong in _KEYS else 'not known'}")
    texts: dict[str, Any] = {key: _text(item, key, *bounds) for key, bounds in _TEXTS.items()}
    country = texts["country"]
    if country and not _COUNTRY.fullmatch(country):
        _refuse("`country` is neither empty nor a two-letter code")
    if type(item["family"]) is not int or item["family"] not in (4, 6):
        _refuse("`family` is neither 4 nor 6")
    if not isinstance(item["reconstruction"], bool):
        _refuse("`reconstruction` is neither true nor false")
    phases: dict[str, Any] = _phases(item["phases"])
    return CheckResult(
        at=_instant(item["at"]),
        kind=_one_of(item, "kind", tuple(SERVICE_OF)),
        family=4 if item["family"] == 4 else 6,
        address=None if item["address"] is None else _text(item, "address", 1, 100),
        outcome=_one_of(item, "outcome", get_args(Outcome)),
        failed_in=None if item["failed_in"] is None else _one_of(item, "failed_in", get_args(Phase)),
        detail=None if item["detail"] is None else _text(item, "detail", 0, 200),
        facts=_facts(item["facts"]),
        **texts,
        reconstruction=item["reconstruction"],
        **phases,
    )


def _refuse(why: str) -> NoReturn:
    raise InputError(f"no result of a check: {why}")


def _text(item: Mapping[str, Any], key: str, least: int, most: int) -> str:
    value = item[key]
    if not isinstance(value, str) or not least <= len(value) <= most:
        _refuse(f"`{key}` is no text of {least} to {most} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(f"`{key}` has half a character")
    return value


def _one_of(item: Mapping[str, Any], key: str, known: tuple[Any, ...]) -> Any:
    if not isinstance(item[key], str) or item[key] not in known:
        _refuse(f"`{key}` is none of {', '.join(known)}")
    return item[key]


def _instant(value: Any) -> float:
    if not isinstance(value, str) or not _AT.fullmatch(value):
        _refuse("`at` is no time like 2026-11-22T12:00:00.000Z")
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        _refuse("`at` is no time there is")


def _phases(value: Any) -> dict[str, float | None]:
    if not isinstance(value, dict) or set(value) != set(_PHASES):
        _refuse(f"`phases` has not exactly {', '.join(_PHASES)}")
    for key, ms in value.items():
        if ms is None:
            continue
        number = isinstance(ms, int | float) and not isinstance(ms, bool)
        # Compared first: a whole number of JSON may be longer than any float. NaN is in no range.
        if not number or not 0 <= ms <= _LONGEST_MS:
            _refuse(f"`phases.{key}` is no time in milliseconds")
    return {key: None if value[key] is None else float(value[key]) for key in _PHASES}


def _facts(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse("`facts` is no object")
    try:
        size = len(json.dumps(value, allow_nan=False).encode())
    except (ValueError, RecursionError):
        _refuse("`facts` holds what is no JSON")
    if size > FACTS_BYTES:
        _refuse(f"`facts` is longer than {FACTS_BYTES} bytes")
    return value
