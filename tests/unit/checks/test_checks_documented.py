"""docs/checks.md has every outcome, kind, key and number of the checks, and says of each what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from nightside.checks import schedule, target_rows, targets
from nightside.checks.limits import CheckLimits
from nightside.model.check import SERVICE_OF, SOMEBODY_ANSWERED, TELLS_NOTHING, Outcome

DOCS = Path(__file__).resolve().parents[3] / "docs"
TEXT = (DOCS / "checks.md").read_text(encoding="utf-8")


def rows(title: str) -> dict[str, list[str]]:
    """The table below a heading: the first cell, and the others."""
    part = TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"
    ]
    return {first: rest for first, *rest in cells[2:]}


def test_every_outcome_is_there_with_what_it_tells() -> None:
    table = rows("Outcomes")
    assert list(table) == [f"`{outcome}`" for outcome in get_args(Outcome)]
    for outcome in get_args(Outcome):
        tells = table[f"`{outcome}`"][-1]
        expected = "up" if outcome == "ok" else "nothing" if outcome in TELLS_NOTHING else "failed"
        assert tells.split(",")[0] == expected
        assert ("somebody answers" in tells) == (outcome in SOMEBODY_ANSWERED and outcome != "ok")


def test_every_kind_is_there_with_its_service() -> None:
    assert {kind: cells[0] for kind, cells in rows("Kinds").items()} == dict(SERVICE_OF)


def test_every_key_of_a_row_is_there() -> None:
    keys = set(re.findall(r"`(\w+)`", " ".join(rows("Targets"))))
    known = {
        *target_rows._ANY,
        *target_rows._PLACE.values(),
        *(k for more in target_rows._MORE.values() for k in more),
    }
    assert keys == known


@pytest.mark.parametrize(
    "said",
    [
        f"more than {targets.MOST_TARGETS:,} targets",
        f"at most {targets.MOST_PORTS} ports of a host",
        f"{target_rows.MOST_SERVERS} at most",
        f"at most {CheckLimits().redirects}; {CheckLimits().body_bytes // 1024} KiB of the page",
        f"A check takes at most {CheckLimits().total_s:g} seconds, a phase {CheckLimits().phase_s:g}.",
        f"in {schedule.SAME_KIND_S:g} seconds",
        f"A round takes at least {schedule.SHORTEST_EVERY_S:g} seconds",
        f"every {schedule.TRACE_EVERY_S / 60:g} minutes",
        f"than {schedule.HELD_S / 60:g} minutes",
    ],
)
def test_every_number_is_that_of_the_code(said: str) -> None:
    assert said in TEXT
