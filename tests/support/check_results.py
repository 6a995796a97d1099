"""Results of checks for tests of what is handed in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from nightside.model.check import CheckResult


def result(at: float, **other: Any) -> CheckResult:
    """One of a page of Tokyo's that answered."""
    given: dict[str, Any] = {
        "at": at,
        "place": "tokyo-1",
        "country": "KP",
        "target": "news",
        "group": "state media",
        "kind": "http",
        "part": "",
        "family": 4,
        "address": "175.45.176.71",
        "outcome": "ok",
        "failed_in": None,
        "detail": None,
        "total_ms": 12.5,
        "facts": {"status": 200},
    }
    return CheckResult(**(given | other))


def line(item: CheckResult, **changed: Any) -> bytes:
    """As one line, without its end; `changed` replaces keys of the JSON."""
    return json.dumps({**item.to_json(), **changed}).encode()


def body(items: Iterable[CheckResult]) -> bytes:
    """As many lines."""
    return b"".join(line(item) + b"\n" for item in items)
