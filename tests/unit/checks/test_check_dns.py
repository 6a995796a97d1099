"""dns: a real name server, and what real ones never do."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from check_probe import QUICK, kept_to_bounds, open_files, probe, target
from free_port import free_port
from hypothesis import given, settings
from hypothesis import strategies as st
from nsd_server import SERIAL, Nsd, have_nsd, nsd

from nightside.checks.attempt import Attempt
from nightside.checks.dns import _judge, _read, check_dns
from nightside.checks.failure import CheckFailedError
from nightside.checks.limits import CheckLimits
from nightside.checks.names import Resolver
from nightside.model.check import CheckResult, Family, Target


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nsd]:
    if have_nsd() is None:
        pytest.skip("nsd is not installed")
    with nsd(tmp_path_factory.mktemp("nsd")) as running:
        yield running


class Names:
    """The records and addresses that a test needs."""

    def __init__(self, **records: list[str]) -> None:
        self._records = records

    async def addresses(self, host: str, family: Family, within_s: float) -> list[str]:
        return ["127.0.0.1" if family == 4 else "::1"]

    async def records(self, name: str, rdtype: str, within_s: float) -> list[str]:
        return list(self._records[rdtype])


def told(asked: Target, family: Family = 4, **how: Any) -> dict[str, CheckResult]:
    before = open_files()
    results = asyncio.run(check_dns(asked, family, probe(**how)))
    assert open_files() == before
    return {result.part: kept_to_bounds(result) for result in results}


@pytest.mark.parametrize("family", [4, 6])
def test_a_server_of_the_zone_answers_both_ways(server: Nsd, family: Family) -> None:
    where = "127.0.0.1" if family == 4 else "::1"
    results = told(target("dns", "kp", servers=(where,), port=server.port), family)
    assert list(results) == [f"{where} udp", f"{where} tcp"]
    for part, result in results.items():
        assert result.outcome == "ok", result
        assert result.address == where
        assert result.facts["serial"] == SERIAL
        assert (result.facts["aa"], result.facts["rcode"], result.facts["truncated"]) == (
            True,
            "NOERROR",
            False,
        )
        # 12 of the header, the question 4+4, the SOA, two NS and their addresses: RFC 1035 allows no more by UDP.
        assert 60 < result.facts["answer_bytes"] <= 512
        assert (result.connect_ms is None) == part.endswith("udp")
        assert result.first_byte_ms is not None
    assert results[f"{where} udp"].facts["tries"] == 1


def test_servers_that_the_zone_names_are_asked(server: Nsd) -> None:
    names = Names(NS=["NS2.co.kp.", "ns1.co.kp."])
    results = told(target("dns", "kp", port=server.port), names=names)
    assert list(results) == ["ns1.co.kp udp", "ns1.co.kp tcp", "ns2.co.kp udp", "ns2.co.kp tcp"]
    assert {result.outcome for result in results.values()} == {"ok"}


def test_all_of_it_by_a_real_resolver(server: Nsd) -> None:
    """Here the name server itself is asked for the names, as it would be by a resolver."""
    names = Resolver(f"127.0.0.1:{server.port}")
    results = told(target("dns", "kp", port=server.port), names=names)
    assert [(part, result.outcome) for part, result in results.items()] == [
        (f"ns{i}.co.kp {way}", "ok") for i in (1, 2) for way in ("udp", "tcp")
    ]
    names = Resolver(f"127.0.0.1:{server.port}")
    results = told(target("dns", "kp", port=server.port), family=6, names=names)
    # ns2 has no address of IPv6.
    assert [result.outcome for result in results.values()] == ["ok", "ok", "no_address", "no_address"]
    # A name that is no zone's names no servers.
    (result,) = told(target("dns", "kcna.kp", port=server.port), names=names).values()
    assert (result.part, result.outcome, result.detail) == ("", "no_address", "no name servers: not a zone")


def test_no_more_servers_than_the_limit(server: Nsd) -> None:
    names = Names(NS=[f"ns{i}.co.kp." for i in range(40)])
    assert len(told(target("dns", "kp", port=server.port), names=names, limits=CheckLimits(parts=3))) == 6


@pytest.mark.parametrize(
    ("zone", "outcome", "rcode"),
    [
        ("example.com", "server_failure", "REFUSED"),
        ("no-such.kp", "not_authoritative", "NXDOMAIN"),
        ("kcna.kp", "not_authoritative", "NOERROR"),  # a name of the zone, and no zone
        ("rodong.rep.kp", "not_authoritative", "NOERROR"),  # given to another server, by this one's own word
    ],
)
def test_a_server_that_does_not_know_the_zone(server: Nsd, zone: str, outcome: str, rcode: str) -> None:
    for result in told(target("dns", zone, servers=("127.0.0.1",), port=server.port)).values():
        assert (result.outcome, result.failed_in, result.facts["rcode"]) == (outcome, "content", rcode)


def test_a_server_that_is_gone(tmp_path: Path) -> None:
    for result in told(target("dns", "kp", servers=("127.0.0.1",), port=free_port())).values():
        assert result.outcome == "refused"
    if have_nsd() is None:
        pytest.skip("nsd is not installed")
    with nsd(tmp_path) as running:
        pass
    for result in told(target("dns", "kp", servers=("127.0.0.1",), port=running.port)).values():
        assert result.outcome == "refused"


def test_no_name_servers_and_no_zone() -> None:
    (result,) = told(target("dns", "kcna.kp"), names=Names(NS=[])).values()
    assert (result.part, result.outcome, result.failed_in) == ("", "no_address", "resolve")
    (result,) = told(target("dns", "a..b"), names=Names(NS=[])).values()
    assert result.outcome == "no_such_name"


def test_a_server_in_private_space_is_not_asked() -> None:
    for result in told(target("dns", "kp", servers=("127.0.0.1",)), allow_private=False).values():
        assert (result.outcome, result.failed_in) == ("private_address", "resolve")


# What real servers do not do.

Says = Callable[[bytes, int], list[bytes]]
"""From a question and which one it is, to the packets that are sent."""


def answer(question: bytes, zone: str = "kp.", **how: Any) -> dns.message.Message:
    made = dns.message.make_response(dns.message.from_wire(question))
    made.flags |= dns.flags.AA
    soa = "ns1.co.kp. h.co.kp. 7 1 1 1 1"
    made.answer.append(dns.rrset.from_text(zone, 60, "IN", "SOA", soa))
    return made


def good(question: bytes, _n: int) -> list[bytes]:
    return [answer(question).to_wire()]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, says: Says) -> None:
        self._says, self.asked = says, 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked += 1
        for packet in self._says(data, self.asked):
            self.transport.sendto(packet, addr)


@asynccontextmanager
async def strange(says: Says, over_tcp: Callable[[bytes], list[bytes]] | None = None) -> Any:
    """A server on one port, over both; over TCP what it says has no length before it."""
    loop, port = asyncio.get_running_loop(), free_port()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _Datagrams(says), local_addr=("127.0.0.1", port)
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = struct.unpack("!H", await reader.readexactly(2))[0]
            question = await reader.readexactly(size)
            for piece in (over_tcp or _framed)(question):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield port, protocol
    finally:
        transport.close()
        listening.close()
        await asyncio.sleep(0)


def _framed(question: bytes) -> list[bytes]:
    wire = answer(question).to_wire()
    return [struct.pack("!H", len(wire)) + wire]


def asked_strangely(
    says: Says, over_tcp: Callable[[bytes], list[bytes]] | None = None, limits: CheckLimits = QUICK
) -> tuple[CheckResult, CheckResult, int]:
    async def run() -> tuple[CheckResult, CheckResult, int]:
        async with strange(says, over_tcp) as (port, protocol):
            udp, tcp = await check_dns(
                target("dns", "kp", servers=("127.0.0.1",), port=port), 4, probe(limits)
            )
            return kept_to_bounds(udp), kept_to_bounds(tcp), protocol.asked

    return asyncio.run(run())


def test_one_lost_packet_is_no_outage() -> None:
    udp, _tcp, asked = asked_strangely(lambda question, n: good(question, n) if n == 2 else [])
    assert (udp.outcome, udp.facts["tries"], udp.facts["serial"], asked) == ("ok", 2, 7, 2)
    assert udp.first_byte_ms is not None
    assert udp.first_byte_ms >= QUICK.phase_s / 2 * 1000


def test_silence_is_two_packets_and_has_an_end() -> None:
    udp, tcp, asked = asked_strangely(lambda question, n: [])
    assert (udp.outcome, udp.failed_in, udp.facts["tries"], asked) == ("timed_out", "first_byte", 2, 2)
    assert (udp.total_ms or 0) < QUICK.phase_s * 1000 + 300
    assert tcp.outcome == "ok"


def flagged(flag: int, on: bool) -> Says:
    def says(question: bytes, n: int) -> list[bytes]:
        made = answer(question)
        made.flags = dns.flags.Flag((made.flags | flag) if on else (made.flags & ~flag))
        return [made.to_wire()]

    return says


def coded(code: int) -> Says:
    def says(question: bytes, n: int) -> list[bytes]:
        made = dns.message.make_response(dns.message.from_wire(question))
        made.set_rcode(dns.rcode.Rcode(code))
        return [made.to_wire()]

    return says


def other_id(question: bytes, n: int) -> list[bytes]:
    wire = bytearray(answer(question).to_wire())
    wire[0] ^= 0xFF
    return [bytes(wire)]


def other_question(question: bytes, n: int) -> list[bytes]:
    other = dns.message.make_query("example.com", "SOA", id=int.from_bytes(question[:2], "big"))
    return [answer(other.to_wire(), "example.com.").to_wire()]


@pytest.mark.parametrize(
    ("says", "outcome", "failed_in", "detail"),
    [
        (flagged(dns.flags.AA, False), "not_authoritative", "content", "no authority"),
        (lambda q, n: [answer(q, "example.com.").to_wire()], "not_authoritative", "content", "no SOA of this zone"),
        (coded(dns.rcode.SERVFAIL), "server_failure", "content", "SERVFAIL"),
        (coded(dns.rcode.REFUSED), "server_failure", "content", "REFUSED"),
        (coded(dns.rcode.NOTIMP), "server_failure", "content", "NOTIMP"),
        (coded(dns.rcode.YXDOMAIN), "bad_answer", "content", "YXDOMAIN"),
        (coded(dns.rcode.NXDOMAIN), "not_authoritative", "content", "says that the zone does not exist"),
        (other_id, "bad_answer", "first_byte", "another query's number"),
        (other_question, "bad_answer", "first_byte", "an answer to another question"),
        (lambda q, n: [q], "bad_answer", "first_byte", "not an answer"),
        (lambda q, n: [b"\0"], "bad_answer", "first_byte", None),
        (lambda q, n: [b"\xff" * 11], "bad_answer", "first_byte", None),
        (lambda q, n: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], "bad_answer", "first_byte", None),
        (lambda q, n: [answer(q).to_wire()[:-9]], "bad_answer", "first_byte", None),
        # A name that points to itself (RFC 1035, section 4.1.4).
        (lambda q, n: [q[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + b"\xc0\x0c" * 40], "bad_answer", "first_byte", None),
        (lambda q, n: [other_id(q, n)[0]] * 40, "bad_answer", "first_byte", "another query's number"),
    ],
)  # fmt: skip
def test_answers_that_are_none(says: Says, outcome: str, failed_in: str, detail: str | None) -> None:
    def framed(question: bytes) -> list[bytes]:
        return [struct.pack("!H", len(wire)) + wire for wire in says(question, 1)[:1]]

    for result in asked_strangely(says, framed)[:2]:
        assert (result.outcome, result.failed_in) == (outcome, failed_in), result
        assert detail is None or result.detail == detail


def test_a_forged_answer_before_the_true_one_is_passed_over() -> None:
    def says(question: bytes, n: int) -> list[bytes]:
        return [*other_id(question, n), *other_question(question, n), b"junk", *good(question, n)]

    udp, _, _ = asked_strangely(says)
    assert (udp.outcome, udp.facts["serial"], udp.facts["tries"]) == ("ok", 7, 1)


def test_an_answer_from_another_address_is_ignored() -> None:
    elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elsewhere.bind(("127.0.0.2", 0))

    async def run() -> CheckResult:
        port = free_port()

        class Aside(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                elsewhere.sendto(answer(data).to_wire(), addr)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Aside, local_addr=("127.0.0.1", port)
        )
        udp, _ = await check_dns(target("dns", "kp", servers=("127.0.0.1",), port=port), 4, probe(QUICK))
        transport.close()
        return udp

    with elsewhere:
        assert asyncio.run(run()).outcome == "timed_out"


def test_truncated_over_udp_is_an_answer_and_over_tcp_is_none() -> None:
    def says(question: bytes, n: int) -> list[bytes]:
        made = dns.message.make_response(dns.message.from_wire(question))
        made.flags |= dns.flags.TC
        return [made.to_wire()]

    def framed(question: bytes) -> list[bytes]:
        (wire,) = says(question, 1)
        return [struct.pack("!H", len(wire)) + wire]

    udp, tcp, _ = asked_strangely(says, framed)
    assert (udp.outcome, udp.facts["truncated"], udp.facts["serial"]) == ("ok", True, None)
    assert (tcp.outcome, tcp.detail) == ("bad_answer", "truncated over TCP")


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        (lambda q: [], "reset"),
        (lambda q: [b"\x00"], "reset"),
        (lambda q: [b"\x00\x40" + b"x" * 10], "reset"),
        (lambda q: [b"\xff\xff" + b"x" * 100], "too_long"),
        (lambda q: [b"\x00\x00"], "bad_answer"),
        (lambda q: [bytes([each]) for each in _framed(q)[0]], "ok"),
        (lambda q: [b"\x10"] + [b"\x00"] * 200, "timed_out"),  # a byte each hundredth of a second
    ],
)
def test_over_tcp_in_pieces(pieces: Callable[[bytes], list[bytes]], outcome: str) -> None:
    udp, tcp, _ = asked_strangely(good, pieces, CheckLimits(phase_s=1.0, total_s=2.0))
    assert (udp.outcome, tcp.outcome) == ("ok", outcome), tcp


@given(st.binary(max_size=200), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_whatever_the_bytes_it_is_an_answer_or_none(junk: bytes, kept: int) -> None:
    query = dns.message.make_query("kp", "SOA", flags=0)
    wire = answer(query.to_wire()).to_wire()[:kept] + junk
    attempt = Attempt(target("dns", "kp"), 4, probe())
    outcome = "ok"
    try:
        _judge(attempt, _read(wire, query), dns.name.from_text("kp"), "udp")
    except CheckFailedError as why:
        outcome = why.outcome
    assert outcome in ("ok", "bad_answer", "not_authoritative", "server_failure")
