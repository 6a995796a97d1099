"""Each case gives the finding of its name, and no other."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from check_scene import (
    ABROAD,
    BACK,
    LENGTH_S,
    OUT,
    PARTS,
    H,
    checked,
    routes,
    seen,
    within,
)
from check_worlds import T0, result

from nightside.engine.checks.reading import read_results
from nightside.engine.services import services_of
from nightside.model.check import CheckResult, Kind, Outcome
from nightside.model.instants import parse
from nightside.model.services import Finding, Services
from nightside.store.embedded import EmbeddedStore

SCHEMA = json.loads((files("nightside.model") / "schemas" / "services-1.json").read_text())


def told(services: Services | None) -> dict[str, tuple[int, int | None]]:
    """kind: (begin, end) in seconds from T0; each kind once."""
    assert services is not None
    jsonschema.Draft202012Validator(SCHEMA).validate(services.to_json())
    assert Services.from_json(json.loads(json.dumps(services.to_json()))) == services
    kinds = [f.kind for f in services.findings]
    assert len(kinds) == len(set(kinds)), services.findings
    return {f.kind: (f.begin - T0, None if f.end is None else f.end - T0) for f in services.findings}


def only(services: Services | None, kind: str) -> Finding:
    assert list(told(services)) == [kind]
    assert services is not None
    return services.findings[0]


def about(second: int, expected: int, late_s: int = 120) -> bool:
    """Checks come once a minute: what they see is later by up to two rounds, never earlier."""
    return expected <= second <= expected + late_s


def refused(_t: str, _k: Kind, at: float) -> Outcome:
    return "refused" if within(at) and _k != "icmp" else "ok"


def silent(_t: str, _k: Kind, at: float) -> Outcome:
    return "timed_out" if within(at) else "ok"


def test_all_is_well(tmp_path: Path) -> None:
    services = seen(tmp_path, checked(), routes())
    assert told(services) == {}
    assert services is not None
    assert services.services[0].steps[-1][1:] == (len(PARTS), 0, 0)


def test_routes_up_and_servers_stopped(tmp_path: Path) -> None:
    services = seen(tmp_path, checked(refused), routes())
    begin, end = told(services)["services_down_routes_up"]
    assert only(services, "services_down_routes_up").facts["services"] == ["mail", "names", "sites"]
    assert about(begin, OUT)
    assert end is not None
    assert about(end, BACK)


def test_routes_cut(tmp_path: Path) -> None:
    services = seen(tmp_path, checked(silent), routes((OUT, BACK)))
    found = only(services, "services_down_routes_down")
    assert about(found.begin - T0, OUT)
    assert found.end is not None
    assert about(found.end - T0, BACK)
    assert found.rests_on == ["berlin", "lima", "tokyo"]


def test_one_places_own_line_cut(tmp_path: Path) -> None:
    services = seen(tmp_path, checked(cut=lambda p, at: p == "tokyo" and within(at)), routes())
    found = only(services, "place_lost")
    assert found.rests_on == ["tokyo"]
    assert found.facts["why"] == "lost"
    assert services is not None
    assert all(down == 0 for _, _, down, _ in services.services[0].steps)


def test_the_only_place_loses_its_line(tmp_path: Path) -> None:
    """Nothing is said of the country, whatever failed."""
    services = seen(tmp_path, checked(places=["here"], cut=lambda _p, at: within(at)), routes())
    only(services, "place_lost")
    assert services is not None
    middle = [s for s in services.services[0].steps if OUT + 60 < s[0] - T0 < BACK]
    assert all((up, down) == (0, 0) for _, up, down, _ in middle)


def test_one_family_of_a_place_fails_and_nobody_watches_that_line(tmp_path: Path) -> None:
    """Its canaries answer over IPv4; what it cannot reach over IPv6 may be its own line."""
    v6 = [replace(r, family=6, address=None) if r.country else r for r in checked(silent, places=["here"])]
    assert told(seen(tmp_path, v6, routes())) == {}


def test_one_family_of_a_place_fails_and_its_canaries_say_so(tmp_path: Path) -> None:
    """Everything is checked over both; over IPv6 all of it fails at one of three places."""
    both = checked()
    v6 = [
        replace(r, family=6, outcome="timed_out" if r.place == "tokyo" and within(r.at - T0) else "ok")
        for r in both
    ]
    found = only(seen(tmp_path, both + v6, routes()), "place_lost")
    assert found.rests_on == ["tokyo (IPv6)"]


def test_a_family_that_fails_for_all_places_is_told(tmp_path: Path) -> None:
    canaries = [replace(r, family=6) for r in checked() if not r.country]
    v6 = [replace(r, family=6, address=None) for r in checked(silent) if r.country]
    services = seen(tmp_path, canaries + v6, routes())
    assert only(services, "path_dead_routes_up").rests_on == ["berlin (IPv6)", "lima (IPv6)", "tokyo (IPv6)"]


def test_path_dead_behind_steady_routes(tmp_path: Path) -> None:
    only(seen(tmp_path, checked(silent), routes()), "path_dead_routes_up")


def test_a_path_that_ends_inside_is_not_dead(tmp_path: Path) -> None:
    """Nothing answers, but packets get to a router of the country: it is the servers."""
    traces = [
        result(
            at,
            place,
            target="site0",
            kind="trace",
            address="175.45.176.70",
            outcome="timed_out" if within(at) else "ok",
            facts={"last_address": "175.45.177.1" if within(at) else "175.45.176.70"},
        )
        for place in ("berlin", "tokyo", "lima")
        for at in range(30, LENGTH_S, 900)
    ]
    only(seen(tmp_path, checked(silent) + traces, routes()), "services_down_routes_up")


def test_a_trace_from_before_keeps_no_dead_path_alive(tmp_path: Path) -> None:
    """Of 20 minutes: the path was looked at well 100 s before, and once meanwhile; its word would hold 37 minutes."""

    def traced(reached: bool) -> list[CheckResult]:
        return [
            result(
                at,
                place,
                target="site0",
                kind="trace",
                address="175.45.176.70",
                outcome="timed_out" if within(at) and not reached else "ok",
                facts={"last_address": "8.8.8.8" if within(at) and not reached else "175.45.176.70"},
            )
            for place in ("berlin", "tokyo", "lima")
            for at in range(OUT - 100 - 900 * 3, LENGTH_S, 900)
        ]

    def silent_shortly(_t: str, _k: Kind, at: float) -> Outcome:
        return "timed_out" if within(at, OUT, OUT + 1200) else "ok"

    dead = checked(silent_shortly)
    only(seen(tmp_path / "a", dead + traced(reached=False), routes()), "path_dead_routes_up")
    only(seen(tmp_path / "b", dead + traced(reached=True), routes()), "services_down_routes_up")


def slowly(target: str, kind: Kind, at: float) -> Outcome:
    """The parts come back ten minutes apart, one of each service first."""
    number = {"zone": 0, "post": 0}.get(target, int(target[-1]) if target.startswith("site") else 0)
    return "refused" if kind != "icmp" and within(at, OUT, BACK + 600 * number) else "ok"


def test_slow_recovery(tmp_path: Path) -> None:
    """Six sites, ten minutes apart, the first with names and mail: of ten parts five, six ... ten."""
    services = seen(tmp_path, checked(slowly), routes((OUT, BACK)))
    found = told(services)
    assert set(found) == {"services_down_routes_down", "slow_return"}
    begin, end = found["slow_return"]
    assert about(begin, BACK)
    assert end is not None
    assert about(end, BACK + 4 * 600)
    assert services is not None
    back = services.returns[0]
    assert (back.scope, back.before, back.lowest) == ("country", 10, 0)
    for instant, expected in (
        (back.first, 0),
        (back.half, 0),
        (back.nine_tenths, 4 * 600),
        (back.all, 5 * 600),
    ):
        assert instant is not None
        assert about(instant - T0, BACK + expected)


def test_hosted_abroad_up_while_routes_are_down(tmp_path: Path) -> None:
    services = seen(tmp_path, checked(address=ABROAD), routes((OUT, BACK)))
    found = only(services, "services_up_routes_down")
    assert found.facts["abroad"] is True
    assert found.facts["address_countries"] == ["US"]


def test_mail_first(tmp_path: Path) -> None:
    def mail(target: str, kind: Kind, at: float) -> Outcome:
        return "timed_out" if within(at, OUT, BACK - H if target == "post" else BACK) else "ok"

    services = seen(tmp_path, checked(mail), routes((OUT, BACK - H - 60)))
    found = told(services)
    assert "mail_first" in found
    assert about(found["mail_first"][0], BACK - H)
    assert not {"names_first", "sites_first"} & set(found)


@pytest.mark.parametrize("signal", [None, routes(unknown=(OUT - H, BACK + H))])
def test_unknown_routes_leave_the_services_alone(tmp_path: Path, signal: Any) -> None:
    only(seen(tmp_path, checked(silent), signal), "services_down")


def test_routes_that_come_and_go_are_not_up(tmp_path: Path) -> None:
    """Two minutes of every ten gone: too short for an outage of its own each, and no steady route either."""
    gone = [(at, at + 120) for at in range(OUT, BACK, 600)]
    only(seen(tmp_path, checked(silent), routes(*gone)), "services_down")


def test_one_short_loss_of_the_routes_changes_nothing(tmp_path: Path) -> None:
    middle = (OUT + BACK) // 2
    only(seen(tmp_path, checked(refused), routes((middle, middle + 60))), "services_down_routes_up")


def test_the_routes_are_back_and_for_hours_nothing_answers(tmp_path: Path) -> None:
    services = seen(tmp_path, checked(refused), routes((OUT, OUT + H // 2)))
    found = told(services)
    assert set(found) == {"services_down_routes_down", "services_down_routes_up"}
    assert found["services_down_routes_up"][0] == OUT + H // 2


def test_what_has_not_ended_has_no_end(tmp_path: Path) -> None:
    services = seen(
        tmp_path, checked(lambda _t, k, at: "refused" if at >= OUT and k != "icmp" else "ok"), routes()
    )
    found = only(services, "services_down_routes_up")
    assert found.end is None
    assert services is not None
    assert services.returns[0].first is None


def test_nobody_checked(tmp_path: Path) -> None:
    assert seen(tmp_path, [], routes()) is None
    with EmbeddedStore(tmp_path) as store:
        store.put_results(checked(length_s=120))
        assert services_of(store, "SY", T0, T0 + 60) is None


def test_order_batches_and_copies_do_not_matter(tmp_path: Path) -> None:
    results = checked(slowly, length_s=7 * H)
    shuffled = results + results[::3]
    random.Random(1).shuffle(shuffled)
    before = seen(tmp_path / "a", results, routes((OUT, BACK)))
    with EmbeddedStore(tmp_path / "b") as store:
        for first in range(0, len(shuffled), 4000):
            store.put_results(shuffled[first : first + 4000])
    assert seen(tmp_path / "b", [], routes((OUT, BACK))) == before


def test_late_results_change_the_answer(tmp_path: Path) -> None:
    """An agent that was cut off from us, not from the world, hands in what it saw."""
    results = checked(silent)
    first = [r for r in results if r.place == "berlin" and not within(r.at - T0)]
    assert told(seen(tmp_path, first, routes((OUT, BACK)))).keys() == {"place_lost"}
    services = seen(tmp_path, results, None)
    assert set(told(services)) == {"services_down_routes_down"}


def test_a_clock_that_is_off_in_one_of_three_changes_no_finding(tmp_path: Path) -> None:
    results = [replace(r, at=r.at + 240) if r.place == "lima" else r for r in checked(silent)]
    only(seen(tmp_path, results, routes((OUT, BACK))), "services_down_routes_down")


def test_once_a_day_is_enough_for_what_lasts(tmp_path: Path) -> None:
    """78 days from one place without canaries, as somebody did in 2026: names answer, nothing else does."""
    days = 78
    results = [
        result(86_400 * day + i, "somewhere", target=target, kind=kind, outcome=outcome)
        for day in range(days)
        if day not in (2, 9)
        for i, (target, kind, outcome) in enumerate(
            [("zone", "dns", "ok"), ("host", "tcp", "timed_out"), ("host", "icmp", "timed_out")]
        )
    ]
    with EmbeddedStore(tmp_path) as store:
        store.put_results(results)  # type: ignore[arg-type]
        services = services_of(store, "KP", T0 + 86_400, T0 + days * 86_400)
    assert services is not None
    assert services.unwatched
    assert services.places[0].round_s == 86_400
    words = {part.kind: [w for _, w in part.steps] for part in services.parts}
    assert words == {"dns": ["up"], "tcp": ["down"], "icmp": ["down"]}
    # What never answered before is no outage.
    assert services.findings == []


def test_in_time(tmp_path: Path) -> None:
    """25 parts, three places, a day of minutes; `bench/services.py` has the figures of three."""
    with EmbeddedStore(tmp_path) as store:
        store.put_results(_a_day())
        services_of(store, "KP", T0, T0 + 600)
        began = time.process_time()
        services = services_of(store, "KP", T0, T0 + 86_400)
        took = time.process_time() - began
    assert services is not None
    assert len(services.parts) == 25
    assert took < 1


def _a_day() -> list[CheckResult]:
    return [
        result(
            minute * 60 + n + p,
            place,
            target=f"t{p}",
            kind="http",
            part="",
            outcome="ok" if not 700 < minute < 900 else "timed_out",
        )
        for minute in range(1440)
        for n, place in enumerate(("berlin", "tokyo", "lima"))
        for p in range(25)
    ]


@pytest.mark.shared_data
def test_what_the_real_days_of_2026_say(shared_data: Path, tmp_path: Path) -> None:
    """78 days from one place whose own line nobody watched: some look-ups are answered every day, nothing else is."""
    with EmbeddedStore(tmp_path) as store:
        for path in sorted((shared_data / "checks").glob("*.json")):
            store.put_results(list(read_results(path, pytest.fail)))
        begin = parse("2026-02-12")
        services = services_of(store, "KP", begin, parse("2026-04-29"))
        early = services_of(store, "KP", parse("2026-02-08"), parse("2026-02-10"))
    assert services is not None
    assert services.unwatched
    words = {p.kind: p.steps for p in services.parts if p.target == "all targets"}
    assert words == {
        "dns": [(begin, "up")],
        "icmp": [(begin, "down")],
        "tcp": [(begin, "down")],
        "tls": [(begin, "down")],
    }
    assert services.findings == []
    # On the first two days nothing at all answered: that may have been the place's own line.
    assert early is not None
    assert {w for p in early.parts for _, w in p.steps} == {"unknown"}


def test_who_checked_once_is_not_missed(tmp_path: Path) -> None:
    once = checked(places=["laptop"], length_s=60)
    assert told(seen(tmp_path, checked() + once, routes())) == {}


def test_a_line_that_loses_much_makes_no_outages(tmp_path: Path) -> None:
    """Of two name servers each fails twice in a row now and then, and now and then at one time."""
    lot = random.Random(1)

    def lost(_t: str, kind: Kind, _at: float) -> Outcome:
        return "timed_out" if kind == "dns" and lot.random() < 0.2 else "ok"

    services = seen(tmp_path, checked(lost, places=("berlin",)), routes())
    assert told(services) == {}
    assert services is not None
    assert any(word == "down" for part in services.parts for _, word in part.steps)
    assert services.returns, "that they were down is told all the same"


def test_what_one_place_of_many_invents_is_no_outage_of_a_country(tmp_path: Path) -> None:
    """Who has the token of one place may call anything a site of the country, and say what it likes of it."""
    invented = [
        result(at, "rogue", target=f"mine{k}", outcome="timed_out" if within(at) else "ok")
        for at in range(0, LENGTH_S, 60)
        for k in range(20)
    ]
    watched = [
        result(at + 1, "rogue", "", target=f"canary{k}") for at in range(0, LENGTH_S, 60) for k in range(4)
    ]
    services = seen(tmp_path, [*checked(), *invented, *watched], routes())
    assert services is not None
    assert any(p.target == "mine0" and "down" in dict(p.steps).values() for p in services.parts)
    assert told(services) == {}
