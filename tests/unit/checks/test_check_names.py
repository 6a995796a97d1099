"""Names: a resolver that is asked once, and the causes that it tells apart; and what a name may point to."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.resolver
import pytest
from check_probe import open_files, probe, target
from free_port import free_port
from scripted_dns import SILENCE, ScriptedDns, scripted_dns

from nightside.checks.failure import CheckFailedError
from nightside.checks.names import MOST_KEPT, Resolver
from nightside.checks.tcp import check_tcp
from nightside.model.check import Family
from nightside.model.errors import UsageError

SCRIPT: dict[str, list[str] | str] = {
    "www.example.kp.": ["192.0.2.1", "192.0.2.2", "2001:db8::1"],
    "four.example.kp.": ["192.0.2.4"],
    "many.example.kp.": [f"192.0.2.{i}" for i in range(1, 41)],
    "broken.example.kp.": "SERVFAIL",
    "refuses.example.kp.": "REFUSED",
    "silent.example.kp.": SILENCE,
    "inside.example.kp.": ["10.0.0.1", "192.168.1.1"],
    "mail.example.kp.": ["MX 10 mx1.example.kp.", "MX 20 mx2.example.kp."],
    "loop.example.kp.": ["CNAME loop.example.kp."],
    "xn--bcher-kva.example.": ["192.0.2.9"],
}


def asked(does: Callable[[Resolver, ScriptedDns], Awaitable[Any]], **how: Any) -> Any:
    async def run() -> Any:
        async with scripted_dns(SCRIPT) as server:
            return await does(Resolver(server.address, **how), server)

    return asyncio.run(run())


def failure(host: str, family: Family = 4, within_s: float = 2.0) -> CheckFailedError:
    async def does(names: Resolver, server: ScriptedDns) -> CheckFailedError:
        with pytest.raises(CheckFailedError) as caught:
            await names.addresses(host, family, within_s)
        return caught.value

    found = asked(does)
    assert isinstance(found, CheckFailedError)
    assert found.failed_in == "resolve"
    return found


@pytest.mark.parametrize(
    ("host", "family", "addresses"),
    [
        ("www.example.kp", 4, ["192.0.2.1", "192.0.2.2"]),
        ("WWW.example.KP.", 4, ["192.0.2.1", "192.0.2.2"]),
        ("www.example.kp", 6, ["2001:db8::1"]),
        ("bücher.example", 4, ["192.0.2.9"]),
        ("198.51.100.7", 4, ["198.51.100.7"]),
        ("2001:db8::7", 6, ["2001:db8::7"]),
        ("[2001:db8::7]", 6, ["2001:db8::7"]),
    ],
)
def test_addresses(host: str, family: Family, addresses: list[str]) -> None:
    assert asked(lambda names, server: names.addresses(host, family, 2.0)) == addresses


def test_records_stand_as_in_a_zone_file() -> None:
    found = asked(lambda names, server: names.records("mail.example.kp", "MX", 2.0))
    assert sorted(found) == ["10 mx1.example.kp.", "20 mx2.example.kp."]
    assert asked(lambda names, server: names.records("four.example.kp.", "MX", 2.0)) == []
    with pytest.raises(CheckFailedError, match="no_such_name"):
        asked(lambda names, server: names.records("nowhere.example.kp", "MX", 2.0))


def test_no_more_than_sixteen() -> None:
    assert len(asked(lambda names, server: names.addresses("many.example.kp", 4, 2.0))) == 16


@pytest.mark.parametrize(
    ("host", "family", "outcome"),
    [
        ("nowhere.example.kp", 4, "no_such_name"),
        ("four.example.kp", 6, "no_address"),
        ("198.51.100.7", 6, "no_address"),
        ("broken.example.kp", 4, "server_failure"),
        ("refuses.example.kp", 4, "not_possible"),
        ("loop.example.kp", 4, "server_failure"),
        ("a..b", 4, "no_such_name"),
        ("x" * 64 + ".kp", 4, "no_such_name"),
        ("y." * 200 + "kp", 4, "no_such_name"),
        ("127.1", 4, "no_such_name"),
        ("2130706433", 4, "no_such_name"),
    ],
)
def test_causes(host: str, family: Family, outcome: str) -> None:
    assert failure(host, family).outcome == outcome


def test_what_the_resolver_says_is_told() -> None:
    assert failure("broken.example.kp").detail == "the resolver says SERVFAIL"


def test_silence_has_an_end() -> None:
    began = time.monotonic()
    assert failure("silent.example.kp", within_s=0.4).outcome == "timed_out"
    assert time.monotonic() - began < 2


def test_five_checks_ask_once_and_a_failure_is_kept_too() -> None:
    async def does(names: Resolver, server: ScriptedDns) -> None:
        together = [names.addresses("www.example.kp", 4, 2.0) for _ in range(5)]
        first, *others = await asyncio.gather(*together)
        assert all(each == first for each in others)
        first.clear()  # what one does with its list is its own business
        assert await names.addresses("www.example.kp", 4, 2.0) == ["192.0.2.1", "192.0.2.2"]
        for _ in range(3):
            with pytest.raises(CheckFailedError, match="no_such_name"):
                await names.addresses("nowhere.example.kp", 4, 2.0)
        assert server.asked == [("www.example.kp.", "A"), ("nowhere.example.kp.", "A")]

    asked(does)


def test_a_new_round_asks_again() -> None:
    async def does(names: Resolver, server: ScriptedDns) -> None:
        await names.addresses("four.example.kp", 4, 2.0)
        await asyncio.sleep(0.15)
        await names.addresses("four.example.kp", 4, 2.0)
        assert len(server.asked) == 2

    asked(does, keep_s=0.1)


def test_who_gives_up_takes_nothing_from_the_others() -> None:
    async def does(names: Resolver, server: ScriptedDns) -> None:
        impatient = asyncio.create_task(names.addresses("www.example.kp", 4, 2.0))
        patient = asyncio.create_task(names.addresses("www.example.kp", 4, 2.0))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == ["192.0.2.1", "192.0.2.2"]
        assert len(server.asked) == 1

    asked(does)


def test_the_systems_resolvers_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system, asked_of = tmp_path / "resolv.conf", list[list[str]]()

    async def resolve(self: dns.asyncresolver.Resolver, *_: Any, **__: Any) -> None:
        asked_of.append([str(each) for each in self.nameservers])
        raise dns.resolver.NXDOMAIN

    async def ask(names: Resolver) -> None:
        with pytest.raises(CheckFailedError, match="no_such_name"):
            await names.addresses("www.example.kp", 4, 1.0)

    monkeypatch.setattr(dns.asyncresolver.Resolver, "resolve", resolve)
    monkeypatch.setattr("nightside.checks.names.SYSTEM", system)
    with pytest.raises(UsageError, match="names no resolver"):
        Resolver()
    system.write_text("nameserver 192.0.2.1\n")
    names = Resolver(keep_s=0.0)
    asyncio.run(ask(names))
    system.write_text("nameserver 192.0.2.2\n")
    os.utime(system, ns=(1, 1))
    asyncio.run(ask(names))
    system.unlink()
    asyncio.run(ask(names))
    assert asked_of == [["192.0.2.1"], ["192.0.2.2"], ["192.0.2.2"]], (
        "without the file, the last that were known"
    )


def test_a_question_that_nobody_waits_for_leaves_nothing_open() -> None:
    async def does(names: Resolver, server: ScriptedDns) -> None:
        task = asyncio.create_task(names.addresses("silent.example.kp", 4, 5.0))
        while not server.asked:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    before = open_files()
    asked(does)
    gc.collect()
    assert open_files() == before


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_KEPT <= 10_000
    monkeypatch.setattr("nightside.checks.names.MOST_KEPT", 3)

    async def does(names: Resolver, server: ScriptedDns) -> None:
        for host in ("www", "four", "many", "inside"):
            await names.addresses(f"{host}.example.kp", 4, 2.0)
        await names.addresses("inside.example.kp", 4, 2.0)
        assert len(server.asked) == 4
        await names.addresses("www.example.kp", 4, 2.0)
        assert len(server.asked) == 5, "the oldest was dropped"

    asked(does)


def test_nobody_at_the_resolvers_address() -> None:
    async def run() -> CheckFailedError:
        with pytest.raises(CheckFailedError) as caught:
            await Resolver(f"127.0.0.1:{free_port()}").addresses("www.example.kp", 4, 0.5)
        return caught.value

    found = asyncio.run(run())
    assert (found.outcome, found.failed_in) == ("not_possible", "resolve")


@pytest.mark.parametrize("says", ["SERVFAIL", SILENCE])
def test_a_resolver_that_fails_for_all_the_world_says_nothing_of_a_country(says: str) -> None:
    async def found(others: list[str] | str) -> list[str]:
        script = dict.fromkeys(("kcna.kp.", "naenara.kp."), says) | dict.fromkeys(("com.", "org."), others)
        async with scripted_dns(script) as server:
            names, outcomes = Resolver(server.address), []
            for host in ("kcna.kp", "naenara.kp"):
                with pytest.raises(CheckFailedError) as caught:
                    await names.addresses(host, 4, 1.5)
                outcomes.append(caught.value.outcome)
            assert len({name for name, _ in server.asked}) == 4
            assert sum(name == "com." for name, _ in server.asked) <= 4, "the controls are asked once for all"
            return outcomes

    assert asyncio.run(found(says)) == ["not_possible"] * 2
    for others in ("NXDOMAIN", "REFUSED", ["SOA a. b. 1 2 3 4 5"]):
        stands = "server_failure" if says == "SERVFAIL" else "timed_out"
        assert asyncio.run(found(others)) == [stands] * 2, others


@pytest.mark.parametrize("server", ["localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "::1:x", ""])
def test_what_is_no_resolvers_address(server: str) -> None:
    with pytest.raises(UsageError, match="not the address of a resolver"):
        Resolver(server)


def test_a_name_that_points_into_private_space_is_refused_unless_allowed() -> None:
    async def does(names: Resolver, server: ScriptedDns) -> None:
        where = target("tcp", "inside.example.kp", port=80)
        (result,) = await check_tcp(where, 4, probe(names=names, allow_private=False))
        assert (result.outcome, result.failed_in, result.address) == ("private_address", "resolve", None)
        assert result.detail == "inside.example.kp is at 10.0.0.1: private"

    asked(does)
