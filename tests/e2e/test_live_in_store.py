"""December 2014 watched live into a store that the web serves: each answer shows the outage while it goes on."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from played_watch import PlayedWatch, answer
from web_server import served

from nightside.engine.record import keep
from nightside.engine.replay import replay
from nightside.model.instants import parse_iso
from nightside.store.embedded import EmbeddedStore

BEFORE = parse_iso("2014-12-21T02:00:00Z")
DURING = parse_iso("2014-12-22T18:20:00Z")
AFTER = parse_iso("2014-12-23T03:00:00Z")


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
    import time

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
    watch = PlayedWatch(december, folder, ["KP"])
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
    seen: dict[str, Any], december: Path, tmp_path: Path
) -> None:
    found = replay([december], countries=["KP"])
    with EmbeddedStore(tmp_path / "replayed") as kept, EmbeddedStore(seen["folder"]) as live:
        keep(kept, found, lambda _text: None)
        end = found.observation.end
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
