"""dns: does each authoritative server of a zone answer for it, over UDP and over TCP?

Asked is the SOA (RFC 1035), not recursively: what a server knows itself. Two results for each server, called
`NAME udp` and `NAME tcp`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Literal

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.SOA import SOA

from nightside.checks import error_queue
from nightside.checks.attempt import Attempt, failure_of
from nightside.checks.connection import Connection, Deadline, public_addresses
from nightside.checks.failure import CheckFailedError
from nightside.checks.probe import Probe
from nightside.model.check import CheckResult, Family, Target

PORT = 53
TRIES = 2
"""Of UDP: one packet that is lost is no outage."""
MOST_WRONG = 16
"""So many packets that are no answer to the question are passed over."""
MOST_BYTES = 16_384
"""An answer to a SOA query is a hundredth of that."""

Transport = Literal["udp", "tcp"]
_CANNOT = (dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR)


async def check_dns(target: Target, family: Family, probe: Probe) -> list[CheckResult]:
    """Two results for each server, in the file's order (those that the zone names: by name); one, of part "", where
    the servers cannot be found."""
    whole = Attempt(target, family, probe)
    try:
        with whole.phase("resolve"):
            zone = _zone(target.where)
            servers = list(target.servers) or await _named(probe, zone)
    except CheckFailedError as why:
        return [whole.failed(why)]
    asked = servers[: probe.limits.parts]
    pairs: list[tuple[str, Transport]] = [(server, way) for server in asked for way in ("udp", "tcp")]
    return list(await asyncio.gather(*(_one(target, family, probe, zone, *pair) for pair in pairs)))


def _zone(where: str) -> dns.name.Name:
    try:
        return dns.name.from_text(where)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise CheckFailedError("no_such_name", "resolve", f"not a name: {error}") from error


async def _named(probe: Probe, zone: dns.name.Name) -> list[str]:
    found = await probe.names.records(zone.to_text(), "NS", probe.limits.phase_s)
    if not found:
        raise CheckFailedError("no_address", "resolve", "no name servers: not a zone")
    return sorted({name.rstrip(".").lower() for name in found})


async def _one(
    target: Target, family: Family, probe: Probe, zone: dns.name.Name, server: str, way: Transport
) -> CheckResult:
    attempt = Attempt(target, family, probe, f"{server} {way}")
    deadline, port = Deadline(probe), target.port or PORT
    query = dns.message.make_query(zone, dns.rdatatype.SOA, flags=0)
    try:
        with attempt.phase("resolve"):
            attempt.address = (await public_addresses(attempt, server, deadline.within_s()))[0]
        ask = _over_udp if way == "udp" else _over_tcp
        answer = await ask(attempt, attempt.address, port, query, deadline)
        with attempt.phase("content"):
            _judge(attempt, answer, zone, way)
    except CheckFailedError as why:
        return attempt.failed(why)
    return attempt.succeeded()


async def _over_udp(
    attempt: Attempt, address: str, port: int, query: dns.message.QueryMessage, deadline: Deadline
) -> dns.message.Message:
    """Asks, and once more where nothing comes in half of the time. What comes from elsewhere never gets here: the
    socket is connected to the server."""
    family = attempt.family
    with attempt.phase("first_byte"), socket.socket(*_datagrams(family)) as sock:
        sock.setblocking(False)
        if error_queue.HAVE:
            error_queue.listen(sock, family)
        sock.connect((address, port))
        wrong: list[str] = []
        last: CheckFailedError | None = None
        within_s = deadline.within_s() / TRIES
        for tries in range(1, TRIES + 1):
            attempt.facts["tries"] = tries
            try:
                async with asyncio.timeout(within_s):
                    sock.send(query.to_wire())
                    return await _matching(sock, query, wrong)
            except TimeoutError:
                continue
            except OSError as error:
                # A router's word (or the server's, that nothing listens): the second packet may find another way.
                last = failure_of(error, "first_byte")
                if error_queue.HAVE:
                    error_queue.told(sock, family)
        if wrong:
            raise CheckFailedError("bad_answer", "first_byte", wrong[0])
        raise last or CheckFailedError("timed_out", "first_byte", f"{TRIES} packets, no answer")


def _datagrams(family: Family) -> tuple[socket.AddressFamily, socket.SocketKind]:
    return (socket.AF_INET if family == 4 else socket.AF_INET6), socket.SOCK_DGRAM


async def _matching(
    sock: socket.socket, query: dns.message.QueryMessage, wrong: list[str]
) -> dns.message.Message:
    """The first packet that answers the question; why others do not, goes to `wrong`."""
    loop = asyncio.get_running_loop()
    while True:
        wire = await loop.sock_recv(sock, 65_535)
        try:
            return _read(wire, query)
        except CheckFailedError as why:
            wrong.append(why.detail or "")
            if len(wrong) >= MOST_WRONG:
                raise


async def _over_tcp(
    attempt: Attempt, address: str, port: int, query: dns.message.QueryMessage, deadline: Deadline
) -> dns.message.Message:
    """RFC 7766: two bytes of length before each message."""
    with attempt.phase("connect"):
        connection = Connection(attempt.family)
    try:
        with attempt.phase("connect"):
            await connection.connect(address, port, deadline.within_s())
        with attempt.phase("first_byte"):
            async with asyncio.timeout(deadline.within_s()):
                wire = query.to_wire()
                await connection.send(struct.pack("!H", len(wire)) + wire, deadline.within_s())
                return _read(await _message(connection, deadline), query)
    finally:
        connection.close()


async def _message(connection: Connection, deadline: Deadline) -> bytes:
    held = b""
    while len(held) < 2 or len(held) < 2 + int.from_bytes(held[:2], "big"):
        if len(held) >= 2 and int.from_bytes(held[:2], "big") > MOST_BYTES:
            raise CheckFailedError("too_long", "first_byte", f"{int.from_bytes(held[:2], 'big')} bytes")
        piece = await connection.receive(deadline.within_s())
        if not piece:
            raise CheckFailedError(
                "reset", "first_byte", "closed in the middle" if held else "closed without a word"
            )
        held += piece
    return held[2 : 2 + int.from_bytes(held[:2], "big")]


def _read(wire: bytes, query: dns.message.QueryMessage) -> dns.message.Message:
    """Raises CheckFailedError with bad_answer where this is no answer to the query."""
    if len(wire) > MOST_BYTES:
        raise CheckFailedError("too_long", "first_byte", f"{len(wire)} bytes")
    try:
        answer = dns.message.from_wire(wire, ignore_trailing=True, raise_on_truncation=False)
    except Exception as error:  # whatever bytes bring about in the reader, they are no answer
        raise CheckFailedError("bad_answer", "first_byte", f"cannot be read: {error}") from error
    if answer.id != query.id:
        raise CheckFailedError("bad_answer", "first_byte", "another query's number")
    if not answer.flags & dns.flags.QR or answer.opcode() != dns.opcode.QUERY:
        raise CheckFailedError("bad_answer", "first_byte", "not an answer")
    if answer.question != query.question and (answer.question or answer.rcode() not in _CANNOT):
        raise CheckFailedError("bad_answer", "first_byte", "an answer to another question")
    answer.wire = wire
    return answer


def _judge(attempt: Attempt, answer: dns.message.Message, zone: dns.name.Name, way: Transport) -> None:
    """Puts down what the answer says; raises CheckFailedError where it is not the zone's SOA with authority."""
    code = answer.rcode()
    serial = _serial(answer, zone)
    truncated = bool(answer.flags & dns.flags.TC)
    authoritative = bool(answer.flags & dns.flags.AA)
    attempt.facts |= {
        "serial": serial,
        "aa": authoritative,
        "rcode": dns.rcode.to_text(code),
        "answer_bytes": len(answer.wire or b""),
        "truncated": truncated,
    }
    if code in _CANNOT:
        raise CheckFailedError("server_failure", "content", dns.rcode.to_text(code))
    if code == dns.rcode.NXDOMAIN:
        raise CheckFailedError("not_authoritative", "content", "says that the zone does not exist")
    if code != dns.rcode.NOERROR:
        raise CheckFailedError("bad_answer", "content", dns.rcode.to_text(code))
    if truncated and serial is None:
        if way == "tcp":
            raise CheckFailedError("bad_answer", "content", "truncated over TCP")
        return  # It is there, and says: ask over TCP. That is a result of its own.
    if serial is None:
        raise CheckFailedError("not_authoritative", "content", "no SOA of this zone")
    if not authoritative:
        raise CheckFailedError("not_authoritative", "content", "no authority")


def _serial(answer: dns.message.Message, zone: dns.name.Name) -> int | None:
    for found in answer.answer:
        if found.name == zone and found.rdtype == dns.rdatatype.SOA and found.rdclass == dns.rdataclass.IN:
            for record in found:
                if isinstance(record, SOA):
                    return int(record.serial)
    return None
