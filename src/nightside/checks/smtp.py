"""smtp: do the mail servers of a domain answer? MX, banner, EHLO, STARTTLS, QUIT (RFC 5321, 3207); never a message.

One result for each mail server, called by its name.
"""

from __future__ import annotations

import asyncio
import re
from ipaddress import ip_address
from typing import NamedTuple

from nightside.checks.attempt import Attempt
from nightside.checks.certificates import certificate_facts, looking
from nightside.checks.connection import Connection, Deadline, reach
from nightside.checks.failure import CheckFailedError
from nightside.checks.probe import Probe
from nightside.model.check import CheckResult, Family, Phase, Target

PORT = 25
MOST_LINES = 64
"""Of one reply."""
BANNER_CHARS = 200
MOST_WORDS = 32
"""Of what a server says it can."""
GOODBYE_S = 1.0
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}(?= |=|$)")
"""ehlo-keyword of RFC 5321; some still write AUTH=LOGIN."""
_MX = re.compile(r"([0-9]{1,5}) (\S+)")


class Reply(NamedTuple):
    """What a server said to one command."""

    code: int
    lines: list[str]
    """Without the code, as they came; what is no UTF-8 is replaced."""


async def check_smtp(target: Target, family: Family, probe: Probe) -> list[CheckResult]:
    """A result for each mail server, by preference; one, of part "", where there are none to be found."""
    whole = Attempt(target, family, probe)
    try:
        with whole.phase("resolve"):
            servers = await _mail_servers(whole)
    except CheckFailedError as why:
        return [whole.failed(why)]
    return list(await asyncio.gather(*(_one(target, family, probe, *server) for server in servers)))


async def _mail_servers(attempt: Attempt) -> list[tuple[str, int | None]]:
    """(name, preference) in the order in which a sender tries them.

    No MX: the domain's own host (RFC 5321, section 5.1), without a preference.
    """
    domain, limits = attempt.target.where.rstrip("."), attempt.probe.limits
    if _is_address(domain):
        return [(domain, None)]
    found: dict[str, int] = {}
    for text in await attempt.probe.names.records(domain, "MX", limits.phase_s):
        read = _MX.fullmatch(text)
        if read is None:
            raise CheckFailedError("bad_answer", "resolve", f"not an MX: {text}")
        name, preference = read[2].rstrip(".").lower(), int(read[1])
        found[name] = min(preference, found.get(name, preference))
    if "" in found:
        # RFC 7505. Beside others it means nothing, and leads nowhere.
        attempt.facts["null_mx"] = True
        del found[""]
        if not found:
            raise CheckFailedError("no_address", "resolve", "the domain says that it takes no mail (null MX)")
    if not found:
        return [(domain, None)]
    ordered = sorted(found.items(), key=lambda server: (server[1], server[0]))
    return list(ordered[: limits.parts])


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


async def _one(
    target: Target, family: Family, probe: Probe, server: str, preference: int | None
) -> CheckResult:
    attempt = Attempt(target, family, probe, server)
    attempt.facts |= {"mx": preference is not None, "preference": preference}
    deadline = Deadline(probe)
    try:
        connection = await reach(attempt, server, target.port or PORT, deadline)
        try:
            await _talk(attempt, _Lines(connection, attempt, deadline), connection, server, deadline)
        finally:
            connection.close()
    except CheckFailedError as why:
        return attempt.failed(why)
    return attempt.succeeded()


async def _talk(
    attempt: Attempt, lines: _Lines, connection: Connection, server: str, deadline: Deadline
) -> None:
    with attempt.phase("first_byte"):
        banner = await lines.reply("first_byte")
        attempt.facts |= {"code": banner.code, "banner": banner.lines[0][:BANNER_CHARS]}
        _require(banner, 220, "first_byte")
    with attempt.phase("content"):
        me = connection.own_address()
        hello = await lines.ask(f"EHLO [{'IPv6:' if attempt.family == 6 else ''}{me}]")
        attempt.facts["esmtp"] = hello.code == 250
        if hello.code in (500, 502, 504):  # RFC 5321, section 3.2: a server of before 1995
            hello = await lines.ask(f"HELO [{me}]")
        _require(hello, 250, "content")
        can = [word[0].upper() for line in hello.lines[1 : MOST_WORDS + 1] if (word := _WORD.match(line))]
        attempt.facts |= {"can": can, "starttls": "STARTTLS" in can}
        if "STARTTLS" in can:
            ready = await lines.ask("STARTTLS")
            if ready.code != 220:
                attempt.facts["tls_failed"] = f"{ready.code} {ready.lines[0]}"[:BANNER_CHARS]
    somebody_is_left = True
    if attempt.facts["starttls"] and "tls_failed" not in attempt.facts:
        somebody_is_left = await _encrypted(attempt, connection, server, deadline)
    if somebody_is_left:
        await lines.quit()


async def _encrypted(attempt: Attempt, connection: Connection, server: str, deadline: Deadline) -> bool:
    """What is learned of TLS goes to the facts, and fails nothing: mail between servers takes what it gets.

    False where there is nobody left to talk to.
    """
    try:
        with attempt.phase("tls"):
            session = await connection.secure(looking(), server.strip("[]"), deadline.within_s())
    except CheckFailedError as why:
        attempt.facts["tls_failed"] = f"{why.outcome}: {why.detail or ''}"[:BANNER_CHARS]
        return False
    cipher, der = session.cipher(), session.getpeercert(binary_form=True)
    attempt.facts |= {
        "tls": "opportunistic: the certificate is not verified",
        "protocol": session.version(),
        "cipher": cipher and cipher[0],
        "certificate": certificate_facts(der, attempt.probe.now()) if der else None,
    }
    return True


def _require(reply: Reply, code: int, phase: Phase) -> None:
    if reply.code == code:
        return
    said = f"{reply.code} {reply.lines[0]}"
    if reply.code >= 400:
        raise CheckFailedError("server_failure", phase, said)
    raise CheckFailedError("bad_answer", phase, said)


class _Lines:
    """A conversation in lines over a connection; everything that comes is bounded."""

    def __init__(self, connection: Connection, attempt: Attempt, deadline: Deadline) -> None:
        self._connection, self._deadline = connection, deadline
        self._longest = attempt.probe.limits.line_bytes
        self._held = b""

    async def ask(self, command: str) -> Reply:
        await self._connection.send(f"{command}\r\n".encode("ascii"), self._deadline.within_s())
        return await self.reply("content")

    async def quit(self) -> None:
        """Nothing depends on it any more."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self.ask("QUIT")
        except (CheckFailedError, OSError):
            return

    async def reply(self, phase: Phase) -> Reply:
        """RFC 5321, section 4.2.1: all lines with one code, a hyphen behind it in all but the last."""
        lines: list[str] = []
        first: bytes | None = None
        async with asyncio.timeout(self._deadline.within_s()):
            while len(lines) < MOST_LINES:
                line = await self._line(phase)
                read = _LINE.fullmatch(line)
                if read is None or read[1] != (first or read[1]):
                    said = line.decode("utf-8", "replace")
                    raise CheckFailedError("bad_answer", phase, f"not a reply: {said}")
                first = read[1]
                lines.append((read[3] or b"").decode("utf-8", "replace"))
                if read[2] != b"-":
                    return Reply(int(first), lines)
        raise CheckFailedError("too_long", phase, f"a reply of more than {MOST_LINES} lines")

    async def _line(self, phase: Phase) -> bytes:
        while (end := self._held.find(b"\n", 0, self._longest)) < 0:
            if len(self._held) >= self._longest:
                raise CheckFailedError("too_long", phase, f"a line of more than {self._longest} bytes")
            piece = await self._connection.receive(self._deadline.within_s())
            if not piece:
                said = "closed in the middle" if self._held else "closed without a word"
                raise CheckFailedError("reset", phase, said)
            self._held += piece
        line, self._held = self._held[:end], self._held[end + 1 :]
        return line.removesuffix(b"\r")
