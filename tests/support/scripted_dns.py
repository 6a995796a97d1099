"""A small name server for tests: it says what its script says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENCE = "silence"


@dataclass
class ScriptedDns:
    """By name with its dot: addresses, `MX …` and `CNAME …`; or a code (`NXDOMAIN`, `SERVFAIL`), or silence."""

    script: dict[str, list[str] | str]
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """As a resolver is named."""
        return f"127.0.0.1:{self.port}"

    def answer(self, wire: bytes) -> bytes | None:
        """To one question; None: none is given."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        says = self.script.get(name, "NXDOMAIN")
        if says == SILENCE:
            return None
        answer = dns.message.make_response(query, recursion_available=True)
        if isinstance(says, str):
            answer.set_rcode(dns.rcode.from_text(says))
        else:
            for given in {kind, "CNAME"} & set(map(_kind, says)):
                ours = [each.rpartition(f"{given} ")[2] for each in says if _kind(each) == given]
                answer.answer.append(dns.rrset.from_text(question.name, 300, "IN", given, *ours))
        return answer.to_wire()


def _kind(record: str) -> str:
    kind, space, _ = record.partition(" ")
    return kind if space else "AAAA" if ":" in record else "A"


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: ScriptedDns) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._server.answer(data)
        if answer is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def scripted_dns(script: dict[str, list[str] | str]) -> AsyncIterator[ScriptedDns]:
    """Answers over UDP on a free port of 127.0.0.1 within the block."""
    server = ScriptedDns(script)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(server), local_addr=("127.0.0.1", 0)
    )
    server.port = transport.get_extra_info("sockname")[1]
    try:
        yield server
    finally:
        transport.close()
        await asyncio.sleep(0)
