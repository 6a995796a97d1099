"""icmp and trace: on this machine's own loopback, and over routers in a row."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from chain_of_routers import Chain, chain, why_no_chain
from check_probe import FixedNames, kept_to_bounds, open_files, probe, target

from nightside.checks.dns import check_dns
from nightside.checks.icmp import check_icmp
from nightside.checks.probe import Check
from nightside.checks.smtp import check_smtp
from nightside.checks.sounding import Heard, UdpSounding
from nightside.checks.trace import check_trace
from nightside.model.check import CheckResult, Family, Kind

NODES = 5
TARGET = NODES - 1


@pytest.fixture(scope="module")
def row() -> Iterator[Chain]:
    if why := why_no_chain():
        pytest.skip(why)
    with chain(NODES) as built:
        yield built


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("way", ["raw", "ping socket"])
def test_a_target_behind_routers_answers(row: Chain, family: Family, way: str) -> None:
    row.anybody_may_ping(way == "ping socket")
    result = row.check("icmp", row.address(TARGET, family), family, as_nobody=way == "ping socket")
    assert (result["outcome"], result["address"]) == ("ok", row.address(TARGET, family)), result
    facts = result["facts"]
    assert (facts["sent"], facts["answered"], facts["loss"]) == (3, 3, 0)
    assert 0 < facts["rtt_min_ms"] <= facts["rtt_avg_ms"] <= facts["rtt_max_ms"] < 4000
    assert result["phases"]["first_byte_ms"] == facts["rtt_min_ms"]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("way", "method"), [("raw", "icmp"), ("ping socket", "icmp"), ("nobody", "udp")])
def test_the_whole_path_in_a_second(row: Chain, family: Family, way: str, method: str) -> None:
    row.anybody_may_ping(way == "ping socket")
    result = row.check("trace", row.address(TARGET, family), family, as_nobody=way != "raw")
    assert result["outcome"] == "ok", result
    facts = result["facts"]
    assert [hop[:2] for hop in facts["hops"]] == [
        [node, row.address(node, family)] for node in range(1, NODES)
    ]
    assert all(0 < hop[2] < 1000 for hop in facts["hops"])
    assert (facts["reached"], facts["method"]) == (True, method)
    assert facts["last_address"] == row.address(TARGET, family)
    assert facts["hops_asked"] <= NODES + 1, "a target that has answered is not asked on"
    assert result["phases"]["total_ms"] < 1500


def test_who_may_not_is_told_so(row: Chain) -> None:
    row.anybody_may_ping(False)
    result = row.check("icmp", row.address(TARGET), as_nobody=True)
    assert (result["outcome"], result["detail"]) == ("not_possible", "Operation not permitted")


@pytest.mark.parametrize("method", ["icmp", "udp"])
def test_a_router_that_says_nothing_is_a_hole(row: Chain, method: str) -> None:
    # What node 2 itself says to node 0 goes nowhere; what it forwards, goes on.
    silent = ["rule", "add", "iif", "lo", "to", "10.98.0.0/24", "blackhole"]
    row.anybody_may_ping(False)
    row.run(2, "ip", *silent)
    try:
        result = row.check("trace", row.address(TARGET), as_nobody=method == "udp", phase_s=1.0)
    finally:
        row.run(2, "ip", "rule", "del", *silent[2:])
    assert (result["outcome"], result["facts"]["method"]) == ("ok", method), result
    assert [hop[1] for hop in result["facts"]["hops"]] == [
        row.address(1), None, row.address(3), row.address(TARGET),
    ]  # fmt: skip
    assert result["facts"]["hops"][1] == [2, None, None]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("kind", ["icmp", "trace"])
def test_a_cut_behind_the_second_router_is_told_by_it(row: Chain, kind: Kind, family: Family) -> None:
    row.cut(2)
    try:
        result = row.check(kind, row.address(TARGET, family), family)
        if kind == "trace":
            nobody = row.check(kind, row.address(TARGET, family), family, as_nobody=True)
    finally:
        row.mend(2)
    said = "no route to the network" if family == 4 else "no route"
    for each in (result, nobody) if kind == "trace" else (result,):
        assert each["outcome"] == "unreachable", each
        assert each["detail"] == f"{said}, says {row.address(2, family)}"
    if kind == "trace":
        assert result["facts"]["last_address"] == row.address(2, family)
        assert result["facts"]["reached"] is False
    assert row.check(kind, row.address(TARGET, family), family)["outcome"] == "ok", "mended"


def test_a_path_that_ends_in_silence(row: Chain) -> None:
    row.run(3, "ip", "route", "add", "blackhole", f"{row.address(TARGET)}/32")
    try:
        traced = row.check("trace", row.address(TARGET), phase_s=1.0)
        pinged = row.check("icmp", row.address(TARGET), phase_s=1.0)
    finally:
        row.run(3, "ip", "route", "del", "blackhole", f"{row.address(TARGET)}/32")
    assert (traced["outcome"], traced["failed_in"]) == ("timed_out", "connect")
    assert [hop[1] for hop in traced["facts"]["hops"]] == [row.address(1), row.address(2)]
    assert (traced["facts"]["last_address"], traced["facts"]["hops_asked"]) == (row.address(2), 12)
    assert (pinged["outcome"], pinged["facts"]["loss"]) == ("timed_out", 1)
    # By their own clocks: how long a process takes to start is not theirs.
    assert traced["phases"]["total_ms"] < 4000
    assert pinged["phases"]["total_ms"] < 4000


def test_a_router_that_forbids_is_the_last_that_answers(row: Chain) -> None:
    row.run(3, "ip", "route", "add", "prohibit", f"{row.address(TARGET)}/32")
    try:
        traced = row.check("trace", row.address(TARGET))
    finally:
        row.run(3, "ip", "route", "del", "prohibit", f"{row.address(TARGET)}/32")
    assert (traced["outcome"], traced["detail"]) == ("unreachable", f"prohibited, says {row.address(3)}")
    assert traced["facts"]["last_address"] == row.address(3)


def test_no_route_from_here_is_told_at_once(row: Chain) -> None:
    for kind in ("icmp", "trace"):
        result = row.check(kind, "192.0.2.1")
        assert (result["outcome"], result["detail"]) == ("unreachable", "Network is unreachable")


@pytest.mark.parametrize("check", [check_icmp, check_trace])
def test_private_addresses_are_left_alone(check: Check) -> None:
    kind: Kind = "icmp" if check is check_icmp else "trace"
    (result,) = asyncio.run(check(target(kind, "10.0.0.1"), 4, probe(allow_private=False)))
    assert (result.outcome, result.failed_in, result.facts) == ("private_address", "resolve", {})
    (result,) = asyncio.run(check(target(kind, "no.such.example"), 4, probe(names=FixedNames({}))))
    assert result.outcome == "no_such_name"


@pytest.mark.parametrize(
    ("check", "kind", "results"),
    [(check_dns, "dns", 2), (check_smtp, "smtp", 1), (check_icmp, "icmp", 1), (check_trace, "trace", 1)],
)
def test_a_place_that_has_no_sockets_left_says_so(check: Check, kind: Kind, results: int) -> None:
    async def run() -> list[CheckResult]:
        asked = target(kind, "127.0.0.1", servers=("127.0.0.1",) if kind == "dns" else (), port=9)
        had = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(int(each.name) for each in Path("/proc/self/fd").iterdir())
        taken = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 8, had[1]))
        try:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(os.dup(2))
            return await check(asked, 4, probe())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, had)
            for each in taken:
                os.close(each)

    found = asyncio.run(run())
    told = [(result.outcome, result.detail) for result in found]
    assert told == [("not_possible", "Too many open files")] * results


@pytest.mark.parametrize(("address", "family"), [("127.0.0.1", 4), ("::1", 6), ("0:0::0:1", 6)])
def test_this_machine_is_one_hop_away_by_udp(address: str, family: Family) -> None:
    async def run() -> Heard:
        with UdpSounding(address, family) as sounding:
            sounding.send(1, 1)
            assert await sounding.until(lambda: 1 in sounding.heard, 2.0)
            return sounding.heard[1]

    before = open_files()
    heard = asyncio.run(run())
    assert open_files() == before
    assert (heard.kind, heard.words) == ("answered", "port unreachable")


def test_hundreds_at_once_on_loopback_do_not_hear_each_others_answers() -> None:
    async def run() -> None:
        place = probe()
        asked = [target("icmp", f"127.0.{i}.1") for i in range(200)]
        for (result,) in await asyncio.gather(*(check_icmp(each, 4, place) for each in asked)):
            if result.outcome == "not_possible":
                pytest.skip("this user may not ping")
            kept_to_bounds(result)
            assert (result.outcome, result.facts["answered"]) == ("ok", 3)

    before = open_files()
    asyncio.run(run())
    assert open_files() == before
