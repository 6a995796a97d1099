"""Who hears of what is found, while the store takes nothing, while it falls over in between, and when it is back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nightside.engine.channels.configuration import webhook_channel
from nightside.engine.channels.outbox import Outbox
from nightside.engine.live.outlets import Outlets, in_words
from nightside.engine.live.telling import Telling
from nightside.engine.live.watcher import Found
from nightside.incidents.messages import messages
from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.incident import Episode, Incident, Provenance, View
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.store.embedded import EmbeddedStore
from nightside.store.location import open_store

Json = dict[str, Any]
DOWN, BACK = 1419263700, 1419266400
"""15:55 and 16:40 UTC, 22 December 2014."""
KP, SY = Entity("country", "KP", "North Korea"), Entity("country", "SY", "Syria")


def found(entity: Entity, now: int, *, began: int = DOWN, told_until: int = 0) -> Found:
    """An outage from 15:55 to 16:40 as it is known at this second; new is what is due since `told_until`."""
    is_over = now >= BACK + 600
    episode = Episode("total", DOWN, BACK if is_over else None, 0.0, 0, None, None, None)
    incident = Incident(
        entity=entity,
        status="restored" if is_over else "ongoing",
        closed_as=None,
        severity="total",
        headline=episode,
        began=began,
        ended=BACK if is_over else None,
        baseline_units=4,
        lowest_units=0,
        lowest=0.0,
        episodes=[episode],
        instability=[],
        networks=[],
        operators=[],
        upstreams=[],
        view=View(20, 19),
        local_time=None,
        provenance=Provenance([], None, "1", False, None),
        settings=Settings().to_json(),
    )
    due = messages(entity, [episode], [], Settings(), now)
    series = IncidentSeries(began - 60, now, [began - 60, DOWN], [4, 0], [4, 4])
    return Found(incident, series, due, [m for m in due if m.at > told_until])


class Place:
    """A store that can be full, and what the outlets were given."""

    def __init__(self, folder: Path, store: EmbeddedStore) -> None:
        self.store = store
        self.lines: list[Json] = []
        self.warnings: list[str] = []
        self.through: list[int] = []
        self.outbox = Outbox(folder / "outbox", [webhook_channel("http://127.0.0.1:9/", None)])
        self.outlets = Outlets(store, self.outbox, self.lines.append)
        self.telling = Telling(
            self.outlets.tell,
            self.through.append,
            self.warnings.append,
            wait=lambda: iter([0.05] * 1000),
            tell_unstored=self.outlets.tell_unstored,
        )

    def refuse(self, *methods: str) -> pytest.MonkeyPatch:
        """Have these of the store fail until it is undone."""

        def refused(*_words: object, **_more: object) -> None:
            raise NightsideError("the store cannot be used (database or disk is full)")

        disk = pytest.MonkeyPatch()
        for method in methods:
            disk.setattr(self.store, method, refused)
        return disk

    @property
    def posted(self) -> list[Json]:
        """What waits for the webhook's receiver, in order."""
        spool = self.outbox.spool
        return [spool.record(note.number)["told"] for note in spool.first("webhook")]

    def kinds(self) -> list[tuple[str, str]]:
        return [(told["entity"]["code"], told["kind"]) for told in self.lines]

    def stored(self) -> list[tuple[str, list[str]]]:
        return [
            (one["id"], [m["kind"] for m in self.store.messages(one["id"])]) for one in self.store.incidents()
        ]

    def play(self, *steps: Callable[[], object]) -> None:
        """Take one step after the other while it tells, each when what was before it is done."""

        async def main() -> None:
            task = asyncio.create_task(self.telling.run())
            for step in steps:
                step()
                await asyncio.sleep(0.3)
            assert not task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(main())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with open_store(tmp_path) as store:
        assert isinstance(store, EmbeddedStore)
        place = Place(tmp_path, store)
        yield place
        place.outbox.close()


def test_while_the_store_is_full_alarms_leave_once_and_in_order_and_are_stored_later(place: Place) -> None:
    disk = place.refuse("put_incident", "put_messages")
    told = [("KP", "opened"), ("SY", "opened"), ("KP", "recovering"), ("KP", "restored")]

    def look() -> None:
        assert place.kinds() == told
        assert place.stored() == []
        # A checkpoint of now has all three.
        assert place.through == []
        assert [number for number, _found in place.telling.waiting] == [1, 2, 3]
        disk.undo()

    place.play(
        lambda: place.telling.put(1, found(KP, DOWN + 60)),
        lambda: place.telling.put(2, found(SY, DOWN + 60)),
        lambda: place.telling.put(3, found(KP, BACK + 660, told_until=DOWN + 60)),
        look,
    )
    assert place.through == [1, 2, 3]
    assert place.stored() == [
        ("KP-20141222T1555Z", ["opened", "recovering", "restored"]),
        ("SY-20141222T1555Z", ["opened"]),
    ]
    assert place.kinds() == told
    assert [(m["entity"]["code"], m["kind"]) for m in place.posted] == told


def test_what_is_told_unstored_says_so_under_the_id_that_it_gets(place: Place) -> None:
    disk = place.refuse("put_incident")
    place.play(
        lambda: place.telling.put(1, found(KP, DOWN + 60)),
        disk.undo,
        lambda: place.telling.put(2, found(KP, BACK + 660, told_until=DOWN + 60)),
    )
    schema = json.loads((files("nightside.model") / "schemas" / "message-1.json").read_text())
    opened, _recovering, restored = place.lines
    assert opened["incident"] == {"id": "KP-20141222T1555Z", "revision": 1, "stored": False}
    assert restored["incident"] == {"id": "KP-20141222T1555Z", "revision": 2, "stored": True}
    assert "not stored yet" in in_words(opened)
    assert "not stored" not in in_words(restored)
    for told in place.lines:
        jsonschema.validate(told, schema)


def test_of_an_incident_that_is_stored_already_its_id_and_last_revision_are_told(place: Place) -> None:
    """By now it is known to have begun earlier, but it keeps its id."""
    place.play(
        lambda: place.telling.put(1, found(KP, DOWN + 60)),
        lambda: place.refuse("put_incident"),
        lambda: place.telling.put(2, found(KP, BACK + 660, began=DOWN - 300, told_until=DOWN + 60)),
    )
    assert place.lines[-1]["kind"] == "restored"
    assert place.lines[-1]["incident"] == {"id": "KP-20141222T1555Z", "revision": 1, "stored": False}


def test_what_was_withdrawn_is_not_told_while_the_store_is_full_either(place: Place) -> None:
    before = found(KP, DOWN + 60)
    (opened,) = before.messages
    gone = {**opened.to_json(), "key": opened.key.replace("opened", "withdrawn"), "kind": "withdrawn"}
    place.play(
        lambda: place.telling.put(1, before),
        lambda: place.store.put_messages("KP-20141222T1555Z", [opened.to_json(), gone]),
        lambda: place.refuse("put_incident"),
        lambda: place.telling.put(2, found(KP, BACK + 660, told_until=DOWN + 60)),
    )
    assert len(place.telling.waiting) == 1
    assert place.kinds() == [("KP", "opened")]


def test_a_store_that_cannot_even_be_read_holds_up_no_alarm(place: Place) -> None:
    place.refuse("put_incident", "put_messages", "incidents", "messages")
    place.play(lambda: place.telling.put(1, found(KP, DOWN + 60)))
    assert place.kinds() == [("KP", "opened")]
    assert len(place.warnings) == 1


def test_what_falls_over_between_telling_and_storing_is_not_told_again(place: Place) -> None:
    disk = place.refuse("put_messages")
    place.play(lambda: place.telling.put(1, found(KP, DOWN + 60)), disk.undo)
    assert place.kinds() == [("KP", "opened")]
    assert place.stored() == [("KP-20141222T1555Z", ["opened"])]


def test_the_archives_word_that_is_tried_again_is_handed_out_once(place: Place) -> None:
    one = found(KP, DOWN + 60)
    incident = one.incident.to_json(id="KP-20141222T1555Z", revision=2, corrections=[])
    corrected = replace(one.messages[0], kind="corrected").to_json()
    for _ in range(2):
        asyncio.run(place.outlets.hand_out(incident, corrected))
    assert place.kinds() == [("KP", "corrected")]
    assert len(place.posted) == 1


def test_nothing_is_remembered_without_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from nightside.engine.live import outlets

    monkeypatch.setattr(outlets, "MOST_HANDED", 3)
    one = found(KP, DOWN + 60)
    incident = one.incident.to_json(id="KP-20141222T1555Z", revision=1, corrections=[])
    for number in (1, 2, 3, 4, 4, 3, 2):
        message = replace(one.messages[0], key=str(number)).to_json()
        asyncio.run(place.outlets.hand_out(incident, message))
    assert [told["key"] for told in place.lines] == ["1", "2", "3", "4"]
