"""A watch asked how it is: alive, ready, and in figures; by strangers too, who are slow, many, or talk nonsense."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx2
import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from nightside.engine.live import health
from nightside.engine.live.health import serving
from nightside.engine.live.metrics import MOST_FAULTS, Metrics
from nightside.engine.live.vitals import (
    ChannelVitals,
    CheckpointVitals,
    CollectorVitals,
    ShareVitals,
    SourceVitals,
    Vitals,
)
from nightside.model.errors import NightsideError

NOW_S = 1_795_000_000.0
WELL = Vitals(
    now_s=NOW_S,
    judged_s=int(NOW_S) - 3,
    lateness_s=2.0,
    began_s=int(NOW_S) - 3600,
    known=18,
    expected=20,
    blind=False,
    waiting=7,
    untold=1,
    elements=123_456,
    incidents_open=2,
    told={"opened": 3, "restored": 1},
    channels=(ChannelVitals("ops", 4, True, 7, 1),),
    checkpoint=CheckpointVitals(NOW_S - 42, 5_000_000, 70_000, True),
    collectors=(
        CollectorVitals("rrc00", True, None, NOW_S - 1.5),
        CollectorVitals("rrc01", False, "silent for 60 s", None),
    ),
    sources=(SourceVitals("ris_live", 2, 9_000, 800, 30, 700, 1, {("rrc00", "a time that is none"): 5}),),
)


def figures(vitals: Vitals) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What Prometheus' own reader makes of the text: by name and labels."""
    text = Metrics(lambda: vitals).text().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labels(**said: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(said.items()))


# -- the judgement ------------------------------------------------------------------------------------


def test_a_watch_that_judges_second_by_second_is_alive_and_ready() -> None:
    assert WELL.why_not_alive() == []
    assert WELL.why_not_ready() == []


@pytest.mark.parametrize(("behind_s", "alive"), [(0, True), (30, True), (31, False), (3600, False)])
def test_alive_is_who_judged_a_second_within_the_last_thirty(behind_s: int, alive: bool) -> None:
    # Two seconds late is as it should be; the second that ends now is the one before.
    vitals = replace(WELL, judged_s=int(NOW_S) - 1 - 2 - behind_s)
    assert (vitals.why_not_alive() == []) is alive
    assert (vitals.why_not_ready() == []) is alive


@pytest.mark.parametrize(
    ("sick", "word"),
    [
        ({"judged_s": None}, "no second has been judged yet"),
        ({"began_s": None}, "nothing is known yet"),
        ({"blind": True, "known": 3}, "3 of 20 expected"),
        ({"judged_s": int(NOW_S) + 3600}, "the clock was set back"),
        ({"starting": "catching up"}, "catching up: it does not watch yet"),
    ],
)
def test_not_ready_says_why(sick: dict[str, Any], word: str) -> None:
    (why,) = replace(WELL, **sick).why_not_ready()
    assert word in why


def test_who_catches_up_is_alive_however_far_behind() -> None:
    vitals = replace(WELL, starting="catching up", judged_s=int(NOW_S) - 86400)
    assert vitals.why_not_alive() == []
    assert vitals.why_not_ready() == ["catching up: it does not watch yet"]


def hears(relayed_s: float | None, *, judges: bool = False) -> Vitals:
    """One of three programs, which has handed on something at this time."""
    shares = ShareVitals(judges, 3, ["rrc00"], ["collector rrc00", "ingester a"], 12, relayed_s)
    if judges:
        return replace(WELL, share=shares)
    return replace(WELL, judged_s=None, began_s=None, known=0, expected=0, share=shares)


@pytest.mark.parametrize(
    ("relayed_s", "why"),
    [
        (NOW_S - 30, []),
        (NOW_S - 31, ["nothing was handed on for 31 s"]),
        (None, ["it is not one of the programs yet"]),
    ],
)
def test_one_of_several_that_does_not_judge_is_well_while_it_hands_on_what_it_hears(
    relayed_s: float | None, why: list[str]
) -> None:
    assert hears(relayed_s).why_not_alive() == why
    assert hears(relayed_s).why_not_ready() == why
    assert hears(None, judges=True).why_not_ready() == []
    said = hears(relayed_s).health(why)
    assert said["share"] == {"judges": False, "programs": 3}
    assert WELL.health([])["share"] is None


def test_the_figures_of_the_judge_are_told_by_the_judge_alone() -> None:
    judge, other = figures(hears(NOW_S, judges=True)), figures(hears(NOW_S))
    assert (judge["nightside_judges", ()], other["nightside_judges", ()]) == (1, 0)
    assert judge["nightside_peer_ases_known", ()] == 18
    assert ("nightside_peer_ases_known", ()) not in other
    for found in (judge, other):
        assert found["nightside_programs", ()] == 3
        assert found["nightside_lease_held", labels(lease="collector rrc00")] == 1
        assert found["nightside_relay_pieces_total", ()] == 12
    assert ("nightside_programs", ()) not in figures(WELL)


# -- the figures --------------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_vitals() -> None:
    found = figures(WELL)
    expected = {
        ("nightside_ready", ()): 1,
        ("nightside_behind_seconds", ()): 0,
        ("nightside_peer_ases_known", ()): 18,
        ("nightside_peer_ases_expected", ()): 20,
        ("nightside_blind", ()): 0,
        ("nightside_incidents_open", ()): 2,
        ("nightside_elements_total", ()): 123_456,
        ("nightside_messages_told_total", labels(kind="opened")): 3,
        ("nightside_messages_told_total", labels(kind="restored")): 1,
        ("nightside_collector_up", labels(collector="rrc00")): 1,
        ("nightside_collector_up", labels(collector="rrc01")): 0,
        ("nightside_lag_seconds", labels(collector="rrc00")): 1.5,
        ("nightside_source_connections_total", labels(source="ris_live")): 2,
        ("nightside_source_received_bytes_total", labels(source="ris_live")): 9_000,
        ("nightside_source_messages_total", labels(source="ris_live")): 800,
        ("nightside_source_duplicates_total", labels(source="ris_live")): 30,
        ("nightside_source_elements_total", labels(source="ris_live")): 700,
        ("nightside_source_restamped_total", labels(source="ris_live")): 1,
        ("nightside_faults_total", labels(source="ris_live", of="rrc00", kind="a time that is none")): 5,
        ("nightside_queue_length", labels(queue="elements")): 7,
        ("nightside_queue_length", labels(queue="findings")): 1,
        ("nightside_channel_waiting", labels(channel="ops")): 4,
        ("nightside_channel_failing", labels(channel="ops")): 1,
        ("nightside_channel_delivered_total", labels(channel="ops")): 7,
        ("nightside_channel_refused_total", labels(channel="ops")): 1,
        ("nightside_checkpoint_age_seconds", ()): 42,
        ("nightside_checkpoint_bytes", ()): 5_000_000,
        ("nightside_journal_bytes", ()): 70_000,
        ("nightside_state_kept", ()): 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["process_resident_memory_bytes", ()] > 1_000_000
    ours = {name for name in found if name[0].startswith("nightside_")}
    assert {n for n in ours if n[0] != "nightside_build_info"} == set(expected)


def test_what_is_not_known_has_no_figure() -> None:
    found = figures(replace(WELL, judged_s=None, checkpoint=None, channels=()))
    names = {name for name, _labels in found}
    assert not names & {
        "nightside_behind_seconds",
        "nightside_checkpoint_age_seconds",
        "nightside_journal_bytes",
    }
    assert not any(name.startswith("nightside_channel") for name, _labels in found)
    assert ("nightside_lag_seconds", labels(collector="rrc01")) not in found


def test_strangers_cannot_make_series_without_end_nor_break_the_format() -> None:
    faults = {(f"192.0.2.{n}", 'a "kind"\n\\ of its own'): 1 for n in range(MOST_FAULTS + 100)}
    found = figures(replace(WELL, sources=(replace(WELL.sources[0], faults=faults),)))
    counted = {name: value for name, value in found.items() if name[0] == "nightside_faults_total"}
    assert len(counted) == MOST_FAULTS + 1
    assert counted["nightside_faults_total", labels(source="ris_live", of="", kind="further")] == 100
    first = labels(source="ris_live", of="192.0.2.0", kind='a "kind"\n\\ of its own')
    assert counted["nightside_faults_total", first] == 1


def test_two_registries_in_one_program_know_nothing_of_each_other() -> None:
    assert figures(WELL)["nightside_incidents_open", ()] == 2
    assert figures(replace(WELL, incidents_open=0))["nightside_incidents_open", ()] == 0


# -- by HTTP ------------------------------------------------------------------------------------------


def asked(
    talk: Callable[[str, httpx2.AsyncClient], Awaitable[None]], vitals: Callable[[], Vitals] = lambda: WELL
) -> None:
    async def main() -> None:
        async with (
            serving("127.0.0.1:0", vitals) as address,
            httpx2.AsyncClient(trust_env=False, timeout=10) as client,
        ):
            assert address is not None
            await talk(address, client)

    asyncio.run(main())


def test_the_three_answers() -> None:
    async def talk(address: str, client: httpx2.AsyncClient) -> None:
        for route in ("healthz", "readyz"):
            answer = await client.get(address + route)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
            said = answer.json()
            jsonschema.validate(said, schema())
            assert said["ok"] is True
            assert said["view"] == {"known": 18, "expected": 20}
            assert said["collectors"][1] == {"name": "rrc01", "up": False, "why": "silent for 60 s"}
        answer = await client.get(address + "metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "nightside_incidents_open 2.0" in answer.text
        assert (await client.get(address)).status_code == 404
        assert (await client.post(address + "metrics")).status_code == 405

    asked(talk)


def schema() -> dict[str, Any]:
    from importlib.resources import files

    text = (files("nightside.model") / "schemas" / "health-1.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


def test_blind_is_alive_and_not_ready() -> None:
    async def talk(address: str, client: httpx2.AsyncClient) -> None:
        assert (await client.get(address + "healthz")).status_code == 200
        answer = await client.get(address + "readyz")
        assert answer.status_code == 503
        jsonschema.validate(answer.json(), schema())
        assert "expected peer ASes" in answer.json()["why"][0]

    asked(talk, lambda: replace(WELL, blind=True))


def test_before_the_first_second_neither() -> None:
    async def talk(address: str, client: httpx2.AsyncClient) -> None:
        for route in ("healthz", "readyz"):
            answer = await client.get(address + route)
            assert answer.status_code == 503
            jsonschema.validate(answer.json(), schema())
            assert answer.json()["judged_until"] is None

    asked(talk, lambda: replace(WELL, judged_s=None, began_s=None))


def test_a_snapshot_that_fails_costs_the_answer_and_nothing_else() -> None:
    broken = [True]

    def vitals() -> Vitals:
        if broken:
            raise ZeroDivisionError
        return WELL

    async def talk(address: str, client: httpx2.AsyncClient) -> None:
        assert (await client.get(address + "metrics")).status_code == 500
        broken.clear()
        assert (await client.get(address + "metrics")).status_code == 200

    asked(talk, vitals)


def test_who_is_slow_is_cut_off_and_others_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CONNECTION_S", 0.5)

    async def talk(address: str, client: httpx2.AsyncClient) -> None:
        port = httpx2.URL(address).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert (await client.get(address + "healthz")).status_code == 200
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()

    asked(talk)


def test_more_connections_than_the_bound_are_refused_with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CONNECTION_S", 1.0)

    async def talk(address: str, client: httpx2.AsyncClient) -> None:
        port = httpx2.URL(address).port
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(health.MOST_CONNECTIONS)]
        assert (await client.get(address + "healthz")).status_code == 503
        for _reader, writer in idle:
            writer.close()
        await asyncio.sleep(1.2)
        assert (await client.get(address + "healthz")).status_code == 200

    asked(talk)


def test_nonsense_is_answered_or_cut_off() -> None:
    async def talk(address: str, client: httpx2.AsyncClient) -> None:
        port = httpx2.URL(address).port
        for nonsense in (b"\x03\x00\x00\x00\x06\x04", b"GET\r\n\r\n", b"A" * 200_000 + b"\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(nonsense)
            writer.write_eof()
            try:
                said = await asyncio.wait_for(reader.read(), 5)
            except ConnectionResetError:
                said = b""
            assert said == b"" or b" 400 " in said.splitlines()[0]
            writer.close()
        assert (await client.get(address + "healthz")).status_code == 200

    asked(talk)


def test_a_taken_port_is_an_error_that_names_the_setting() -> None:
    async def main() -> None:
        async with serving("127.0.0.1:0", lambda: WELL) as address:
            taken = f"127.0.0.1:{httpx2.URL(str(address)).port}"
            with pytest.raises(NightsideError, match="NIGHTSIDE_HEALTH_LISTEN"):
                async with serving(taken, lambda: WELL):
                    pass

    asyncio.run(main())


def test_signals_are_left_to_their_owner() -> None:
    async def main() -> None:
        before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
        async with serving("127.0.0.1:0", lambda: WELL):
            await asyncio.sleep(0.2)
            assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before

    asyncio.run(main())


def test_who_is_cancelled_inside_ends_the_server_too() -> None:
    addresses = []

    async def main() -> None:
        async def watch() -> None:
            async with serving("127.0.0.1:0", lambda: WELL) as address:
                addresses.append(str(address))
                await asyncio.sleep(60)

        task = asyncio.create_task(watch())
        while not addresses:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)
        async with httpx2.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get(addresses[0] + "healthz")

    asyncio.run(main())
