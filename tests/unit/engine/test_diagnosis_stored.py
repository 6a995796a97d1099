"""What the store holds around an incident reaches the rules: others, days, strangers, a table of one's own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.support.diagnosis_cases import END, HOUR, T, course, found

from nightside.engine.diagnosis import diagnosed, stored_of
from nightside.engine.shown import shown, shown_incident
from nightside.model.entity import Entity
from nightside.model.errors import InputError
from nightside.model.incident import Episode
from nightside.model.signal import Signal, UnknownStretch
from nightside.store.location import open_store
from nightside.store.protocol import Store

DAY = 86_400


def signal(code: str, *, type_: Any = "country", fell: bool = False, unseen: bool = False) -> Signal:
    times, units = [T - 4 * DAY], [10]
    if fell:
        times, units = [*times, T + 60, T + HOUR], [*units, 3, 10]
    unknown = [UnknownStretch(T - HOUR, T + HOUR, "dark")] if unseen else []
    return Signal(Entity(type_, code, code), times, units, T + 2 * DAY, unknown)


def keep(store: Store, *signals: Signal) -> None:
    store.put_samples(signals, {s.entity: [(T - 4 * DAY, 10)] for s in signals})


def flip(at: int, peer: int, origin: int, kind: str = "gained") -> dict[str, Any]:
    return {
        "time": datetime.fromtimestamp(at, UTC),
        "collector": "rrc00",
        "peer_address": "192.0.2.1",
        "peer_asn": peer,
        "prefix": "175.45.176.0/24",
        "kind": kind,
        "source": "update",
        "origin": origin,
        "path": f"{peer} {origin}",
        "file": None,
        "offset": None,
    }


SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("s", "UTC")),
        ("collector", pa.string()),
        ("peer_address", pa.string()),
        ("peer_asn", pa.uint32()),
        ("prefix", pa.string()),
        ("kind", pa.string()),
        ("source", pa.string()),
        ("origin", pa.uint32()),
        ("path", pa.string()),
        ("file", pa.string()),
        ("offset", pa.int64()),
    ],
    metadata={"peers": "[]"},
)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with open_store(tmp_path / "store") as opened:
        yield opened


def put(store: Store, **changes: Any) -> dict[str, Any]:
    return store.put_incident(found(changes), course())


def test_other_countries_are_seen_as_they_are_stored(store: Store) -> None:
    incident = put(store)
    keep(store, signal("KP"), signal("AA", fell=True), signal("AB"), signal("AC", unseen=True))
    others = {o.code: o.lowest for o in stored_of(store, incident, course()).others or []}
    assert others == {"AA": 0.3, "AB": 1.0, "AC": None}


def test_an_upstream_that_is_watched_is_seen_and_other_ases_are_not(store: Store) -> None:
    incident = put(store)
    keep(store, signal("4837", type_="asn", fell=True), signal("1299", type_="asn"))
    others = stored_of(store, incident, course()).others or []
    assert [(o.type, o.code, o.lowest) for o in others] == [("asn", "4837", 0.3)]


def test_of_very_many_countries_those_that_fell_are_never_passed_over(store: Store) -> None:
    incident = put(store)
    codes = [a + b for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJ"]
    keep(store, *(signal(code, fell=code == "JJ") for code in codes))
    fallen = found({"began_s": T + 60})
    fallen = type(fallen)(
        **{
            **{f: getattr(fallen, f) for f in fallen.__slots__},
            "entity": Entity("country", "JJ", "JJ"),
            "episodes": [Episode("severe", T + 60, T + HOUR, 0.3, 3)],
        }
    )
    other = store.put_incident(fallen, course())
    case = stored_of(store, incident, course())
    lowest = {o.code: o.lowest for o in case.others or []}
    assert lowest["JJ"] == 0.3
    assert len(lowest) < 40
    assert [(b.id, b.began, b.upstream_asns) for b in case.beside or []] == [(other["id"], T + 60, (4837,))]


def test_days_are_those_that_were_watched(store: Store) -> None:
    incident = put(store)
    assert stored_of(store, incident, course()).days == 0
    keep(store, signal("KP"))
    # Four days before and two after, without its own; the day after the last is seen for half of it.
    assert stored_of(store, incident, course()).days in (5, 6)


def test_strangers_are_counted_by_the_peers_that_followed_them(store: Store) -> None:
    incident = put(store)
    assert stored_of(store, incident, course()).strangers is None
    rows = [flip(T + 60 + p, p, 64500) for p in (1, 2, 3, 3)]
    rows += [flip(T + 50, 9, 131279), flip(T - 2 * HOUR, 8, 64501), flip(END + HOUR, 8, 64502)]
    rows += [flip(T, 5, 64503, "lost")]
    store.put_flips(incident["id"], pa.Table.from_pylist(rows, schema=SCHEMA))
    strangers = stored_of(store, incident, course()).strangers or []
    assert [(s.asn, s.prefix, s.at, s.peers) for s in strangers] == [(64500, "175.45.176.0/24", T + 61, 3)]


def test_it_is_filled_in_where_one_is_shown_and_not_in_lists(store: Store) -> None:
    incident = put(store)
    assert (incident["causes"], incident["diagnosis"], incident["rules_version"]) == ([], None, None)
    assert next(shown(store, [incident]))["diagnosis"] is None
    whole = shown_incident(store, incident)
    assert whole["rules_version"] == "1.1"
    assert len(whole["diagnosis"]["evidence"]) == 16
    assert whole == shown_incident(store, incident)
    assert whole == shown_incident(store, incident, store.series(incident["id"]))
    assert store.incident(incident["id"]) == incident


def test_a_table_of_ones_own_is_used_and_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.resources import files

    incident, mine = put(store), tmp_path / "mine.toml"
    text = files("nightside.diagnosis").joinpath("data", "weights.toml").read_text(encoding="utf-8")
    mine.write_text(text.replace("external = -2.30", "external = 5.0"))
    monkeypatch.setenv("NIGHTSIDE_WEIGHTS", str(mine))
    found_by_mine = diagnosed(store, incident, course())
    assert found_by_mine["diagnosis"]["families"][0]["family"] == "external"
    assert found_by_mine["rules_version"].startswith("1.1+")
    mine.write_text("[")
    weights = tmp_path / "broken.toml"
    weights.write_text("[")
    monkeypatch.setenv("NIGHTSIDE_WEIGHTS", str(weights))
    with pytest.raises(InputError, match=r"broken\.toml"):
        diagnosed(store, incident, course())
