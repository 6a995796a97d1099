"""What is worse since an incident was acknowledged."""

from __future__ import annotations

from typing import Any

import pytest

from nightside.model.acknowledgement import Acknowledgement, worsened
from nightside.model.instants import parse_iso

SEEN = "2014-12-22T17:00:00Z"
BEFORE, AFTER, LATER = "2014-12-22T16:15:00Z", "2014-12-22T17:00:01Z", "2014-12-23T15:00:00Z"


def seen(severity: Any) -> Acknowledgement:
    return Acknowledgement("0" * 32, "KP-1", parse_iso(SEEN), "Ana", "on-call", "seen", 1, severity)


@pytest.mark.parametrize(
    ("severity", "episodes", "worse"),
    [
        ("severe", [], None),
        ("severe", [("severe", BEFORE)], None),
        ("total", [("partial", AFTER), ("severe", AFTER)], None),
        # Deeper than it was then, whenever that began: it may be known only since.
        ("partial", [("partial", BEFORE), ("severe", BEFORE)], ("severe", BEFORE)),
        ("instability", [("partial", BEFORE)], ("partial", BEFORE)),
        # As deep, and new.
        ("total", [("total", BEFORE), ("total", LATER)], ("total", LATER)),
        ("total", [("total", SEEN)], None),
        # Of several the worst, then the first.
        ("partial", [("severe", BEFORE), ("total", LATER), ("total", AFTER)], ("total", AFTER)),
    ],
)
def test_what_is_worse_since(
    severity: str, episodes: list[tuple[str, str]], worse: tuple[str, str] | None
) -> None:
    incident = {"episodes": [{"severity": s, "onset": onset} for s, onset in episodes]}
    found = worsened(seen(severity), incident)
    assert found == (None if worse is None else {"severity": worse[0], "onset": worse[1]})
