"""What an earlier watch left open, when one begins anew."""

from __future__ import annotations

from typing import Any

import pytest

from nightside.engine.live.left_open import close_left_open
from nightside.model.entity import Entity

KP, SY = Entity("country", "KP", "North Korea"), Entity("country", "SY", "Syria")
FILE = {"name": "updates.gz", "sha256": "0" * 64}


class Store:
    """Open incidents: one of each status, of a watch (no inputs) or of files."""

    def __init__(self, *rows: tuple[str, Entity, str, list[dict[str, str]]]) -> None:
        self.rows = {
            id: {"id": id, "entity": e.to_json(), "status": status, "provenance": {"inputs": inputs}}
            for id, e, status, inputs in rows
        }
        self.closed: dict[str, str | None] = {}

    def incidents(self, *, status: str, summaries: bool) -> list[dict[str, Any]]:
        return [row for row in self.rows.values() if row["status"] == status]

    def incident(self, id: str) -> dict[str, Any]:
        return self.rows[id]

    def close_incident(self, id: str, closed_as: str | None) -> None:
        self.closed[id] = closed_as


@pytest.mark.parametrize(
    ("status", "closed_as", "told"),
    [("ongoing", "unwatched", 1), ("recovering", "unwatched", 1), ("restored", None, 0)],
)
def test_only_what_nobody_saw_the_end_of_is_unwatched(status: str, closed_as: str | None, told: int) -> None:
    store = Store(("KP-1", KP, status, []))
    warnings: list[str] = []
    close_left_open(store, [KP], warnings.append)  # type: ignore[arg-type]
    assert store.closed == {"KP-1": closed_as}
    assert len(warnings) == told


def test_what_rests_on_files_and_what_is_not_watched_stays() -> None:
    store = Store(("KP-1", KP, "ongoing", [FILE]), ("SY-1", SY, "ongoing", []), ("KP-2", KP, "closed", []))
    close_left_open(store, [KP], pytest.fail)  # type: ignore[arg-type]
    assert store.closed == {}
