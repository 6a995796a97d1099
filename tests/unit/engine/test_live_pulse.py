"""A real watch over a local RIS Live, asked by HTTP how it is: before it knows anything, and after."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import bgp_bytes as bgp
import httpx2
from prometheus_client.parser import text_string_to_metric_families
from ris_live_server import RisLiveServer, message_frame, state_frame

from nightside.engine.live.daemon import Daemon
from nightside.engine.live.health import serving
from nightside.engine.live.pulse import Pulse, Tally
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import country_subjects
from nightside.sources.ris_live import RisLive, Subscription
from nightside.world.snapshot import load

NETWORKS = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
PEERS = [("192.0.2.1", 3356), ("192.0.2.2", 1299), ("192.0.2.3", 174)]
OPENED = ("nightside_messages_told_total", "opened")
END_OF_RIB = b"\xff" * 16 + b"\x00\x17\x02" + bytes(4)
"""RFC 4724, section 2: an UPDATE without anything in it."""


async def table(server: RisLiveServer) -> None:
    """All peers of rrc00 come up and send what they have."""
    for address, asn in PEERS:
        who: dict[str, Any] = {"peer": address, "asn": asn, "time_s": time.time()}
        await server.say(state_frame("connected", **who))
        for network in NETWORKS:
            await server.say(message_frame(bgp.update((network,), (asn, 4837, 131279)), **who))
        await server.say(message_frame(END_OF_RIB, **who))


async def lost(server: RisLiveServer) -> None:
    """All peers withdraw all of it."""
    for address, asn in PEERS:
        gone = bgp.update((), (), withdrawn=NETWORKS)
        await server.say(message_frame(gone, peer=address, asn=asn, time_s=time.time()))


def figures_of(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_from_nothing_known_to_ready_to_an_incident() -> None:
    async def tell(_found: Found) -> None:
        """Nobody listens."""

    async def main() -> tuple[list[tuple[int, dict[str, Any]]], dict[tuple[str, str], float]]:
        snapshot = load()
        watcher = Watcher(snapshot, country_subjects(snapshot, ["KP"]))
        tally = Tally(tell)
        async with RisLiveServer() as server, httpx2.AsyncClient(trust_env=False) as client:
            live = RisLive(server.url, [Subscription("rrc00"), Subscription("rrc01")])
            daemon = Daemon(watcher, [live], tally.tell)
            pulse = Pulse(daemon, tally, sources={"ris_live": live})
            async with serving("127.0.0.1:0", pulse.vitals) as address:
                first = await client.get(f"{address}readyz")
                running = asyncio.create_task(daemon.run())
                await server.until(asked=2)
                while not (await client.get(f"{address}healthz")).is_success:
                    await asyncio.sleep(0.1)
                blank = await client.get(f"{address}readyz")
                await table(server)
                ready = blank
                while not ready.is_success:
                    await asyncio.sleep(0.2)
                    ready = await client.get(f"{address}readyz")
                await lost(server)
                found: dict[tuple[str, str], float] = {}
                while not found.get(OPENED):
                    await asyncio.sleep(0.2)
                    found = figures_of((await client.get(f"{address}metrics")).text)
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        return [(answer.status_code, answer.json()) for answer in (first, blank, ready)], found

    async def bounded() -> tuple[list[tuple[int, dict[str, Any]]], dict[tuple[str, str], float]]:
        async with asyncio.timeout(60):
            return await main()

    answers, figures = asyncio.run(bounded())
    (first, said), (second, blank), (third, ready) = answers
    assert (first, second, third) == (503, 503, 200)
    assert said["judged_until"] is None
    assert blank["why"] == ["nothing is known yet: no table was read, and no session has sent its table"]
    assert ready["view"] == {"known": len(PEERS), "expected": len(PEERS)}
    assert [c["name"] for c in ready["collectors"] if c["up"]] == ["rrc00", "rrc01"]
    # Of each of three peers: that it came up, four networks, the end of its table, and four withdrawals.
    assert figures["nightside_elements_total", ""] == 3 * (1 + 4 + 1 + 4)
    assert figures["nightside_source_elements_total", "ris_live"] == 3 * (1 + 4 + 1 + 4)
    assert figures["nightside_source_messages_total", "ris_live"] >= 3 * (1 + 4 + 1 + 1)
    assert figures["nightside_source_connections_total", "ris_live"] == 1
    assert 0 <= figures["nightside_lag_seconds", "rrc00"] < 30
    assert ("nightside_lag_seconds", "rrc01") not in figures
    assert figures["nightside_collector_up", "rrc00"] == 1
    assert -1 <= figures["nightside_behind_seconds", ""] < 5
    assert figures["nightside_incidents_open", ""] == 1
    assert figures[OPENED] == 1
    assert figures["nightside_messages_told_total", "restored"] == 0
