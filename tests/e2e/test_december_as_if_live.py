"""December 2014 watched as if live into a store that the web serves.

The daemon tells what a replay tells, when it can be told, and each once; every answer shows the outage while it goes
on.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from played_watch import LATENESS_S, PlayedWatch, answer
from web_server import served

from nightside.engine.live.watcher import Found
from nightside.engine.record import keep
from nightside.engine.replay import Replay, replay
from nightside.incidents.messages import Message
from nightside.model.instants import parse_iso
from nightside.store.embedded import EmbeddedStore

STEP_S, QUIET_STEP_S = 10, 60
"""How far time goes at once within TOLD, and where nothing is to be told."""
TOLD = parse_iso("2014-12-22T15:00:00Z"), parse_iso("2014-12-23T17:00:00Z")
BEFORE = parse_iso("2014-12-21T02:00:00Z")
DURING = parse_iso("2014-12-22T18:20:00Z")
AFTER = parse_iso("2014-12-23T03:00:00Z")
Heard = list[tuple[float, Message, Found]]


class Listener:
    """Hears the stream of events, in a thread."""

    def __init__(self, site: str) -> None:
        self.heard: list[str] = []
        self._thread = threading.Thread(target=self._listen, args=(site,), daemon=True)
        self._thread.start()

    def _listen(self, site: str) -> None:
        # The server ends it in the end.
        with suppress(httpx2.HTTPError), httpx2.stream("GET", f"{site}/api/1/events", timeout=60) as stream:
            for line in stream.iter_lines():
                if line.startswith("event:"):
                    self.heard.append(line.removeprefix("event:").strip())


def look(site: str) -> dict[str, Any]:
    """All that the pages of the dashboard ask for."""
    time.sleep(2.5)  # the server looks for news each second
    return {
        "state": answer(site, "entities/country/KP"),
        "signal": answer(site, "signals/country/KP"),
        "map": answer(site, "map"),
        "view": answer(site, "view"),
        "incidents": answer(site, "incidents")["items"],
    }


@pytest.fixture(scope="module")
def seen(december: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("live") / "store"
    first, last = TOLD
    steps = (QUIET_STEP_S, STEP_S)
    watch = PlayedWatch(december, folder, ["KP"], step_s=lambda second: steps[first <= second < last])
    watch.to(BEFORE)
    with served(folder) as site:
        listener = Listener(site)
        found: dict[str, Any] = {"before": look(site)}
        for name, second in (("during", DURING), ("after", AFTER)):
            watch.to(second)
            found[name] = look(site)
        found["heard"] = list(listener.heard)
        watch.finish()
    found["folder"], found["told"] = folder, watch.told
    return found


@pytest.fixture(scope="module")
def heard(seen: dict[str, Any]) -> Heard:
    return [(at, message, found) for at, found in seen["told"] for message in found.new]


@pytest.fixture(scope="module")
def batch(december: Path) -> Replay:
    return replay([december], countries=["KP"])


def test_the_state_and_the_signal_follow(seen: dict[str, Any]) -> None:
    for name, second in (("before", BEFORE), ("during", DURING), ("after", AFTER)):
        state = seen[name]["state"]
        # No older than what is written every five minutes.
        assert second - 300 <= parse_iso(state["last"]) <= second + 60, name
        assert state["quality"] == "known"
        assert (state["units"] == 0) == (name == "during"), name
        signal = seen[name]["signal"]["columns"]
        assert signal["units"][-1] == state["units"]
        assert signal["quality"][-1] == "known"
    assert seen["during"]["state"]["share"] == 0
    assert seen["after"]["state"]["share"] == 1


def test_the_map_and_the_view_follow(seen: dict[str, Any]) -> None:
    before, during = (seen[name]["map"]["countries"]["KP"] for name in ("before", "during"))
    assert during[-1] == 0
    assert before[-1] == 100
    everybody = {s["entity"]["code"]: s["columns"]["units"] for s in seen["during"]["view"]["signals"]}
    assert everybody["all"][-1] > 0
    assert len(everybody) > 1


def test_the_incident_goes_on_and_ends(seen: dict[str, Any]) -> None:
    ongoing = [i for i in seen["during"]["incidents"] if i["status"] == "ongoing"]
    assert [i["entity"]["code"] for i in ongoing] == ["KP"]
    assert ongoing[0]["severity"] == "total"
    same = next(i for i in seen["after"]["incidents"] if i["id"] == ongoing[0]["id"])
    assert (same["status"], same["duration_s"]) == ("restored", 9 * 3600 + 31 * 60)


def test_who_listens_hears_of_both(seen: dict[str, Any]) -> None:
    assert {"incident", "samples"} <= set(seen["heard"])


def test_in_the_end_the_store_says_what_a_replays_does(
    seen: dict[str, Any], batch: Replay, tmp_path: Path
) -> None:
    with EmbeddedStore(tmp_path / "replayed") as kept, EmbeddedStore(seen["folder"]) as live:
        keep(kept, batch, lambda _text: None)
        end = batch.observation.end
        assert live.entities() == kept.entities()
        for state in kept.entities():
            for ask in ("samples", "rollup"):
                rows = [
                    getattr(store, ask)(state.type, state.code, 0, end).to_pylist() for store in (live, kept)
                ]
                assert rows[0] == rows[1], (state, ask)
        added = {"revision", "corrections", "provenance"}
        for incidents in zip(live.incidents(), kept.incidents(), strict=True):
            one, other = ({k: v for k, v in i.items() if k not in added} for i in incidents)
            assert one == other
        for incident in kept.incidents():
            one, other = (flips_of(store, incident["id"]) for store in (live, kept))
            assert one == other


def flips_of(store: EmbeddedStore, id: str) -> list[str]:
    """All but what only files can tell."""
    flips = store.flips(id)
    assert flips is not None
    return sorted(map(str, flips.read_all().drop_columns(["path", "file", "offset"]).to_pylist()))


def test_the_messages_are_those_of_the_replay(batch: Replay, heard: Heard) -> None:
    told = {m.key: m.to_json() for messages in batch.messages for m in messages}
    assert {m.key: m.to_json() for _at, m, _found in heard} == told
    assert len(heard) == len(told), "something was told twice"


def test_two_are_restored_and_not_every_flap_is_told(heard: Heard) -> None:
    restored = [m for _at, m, _found in heard if m.kind == "restored"]
    # Documented: 9 h 31 min from 16:15 UTC on the 22nd, and 31 min from 15:41 on the 23rd.
    assert [m.duration_s for m in restored] == [9 * 3600 + 31 * 60, 31 * 60]
    assert [m.onset for m in restored] == [
        parse_iso("2014-12-22T16:15:00Z"),
        parse_iso("2014-12-23T15:41:00Z"),
    ]
    assert len(heard) < 15


def test_each_is_told_as_soon_as_it_is_due(heard: Heard) -> None:
    late = [at - m.at for at, m, _found in heard]
    # One step of the stream, and what may be late.
    assert all(0 <= s <= STEP_S + LATENESS_S + 2 for s in late), late


def test_the_incident_goes_on_while_it_goes_on(heard: Heard) -> None:
    opened = [found.incident for _at, m, found in heard if m.kind == "opened"]
    assert [i.status for i in opened] == ["ongoing"] * len(opened)
    assert all(i.ended is None for i in opened)
