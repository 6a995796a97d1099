"""smtp: real mail servers, and what real ones never do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from certificate_authority import Authority, Credentials
from check_probe import QUICK, kept_to_bounds, open_files, probe, target
from free_port import free_port
from mail_server import mail_server
from nsd_server import have_nsd, nsd
from opensmtpd_server import OpenSmtpd, opensmtpd, why_no_opensmtpd

from nightside.checks.failure import CheckFailedError
from nightside.checks.limits import CheckLimits
from nightside.checks.names import Resolver
from nightside.checks.smtp import check_smtp
from nightside.model.check import CheckResult, Family


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mail")


@pytest.fixture(scope="module")
def credentials(folder: Path) -> Credentials:
    """Of the year 2000, for another name, signed by itself."""
    begins, ends = datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 12, 31, tzinfo=UTC)
    return Authority(folder).issue(["mail.elsewhere.example"], begins, ends, self_signed=True)


@pytest.fixture(scope="module")
def real(folder: Path, credentials: Credentials) -> Iterator[OpenSmtpd]:
    if why := why_no_opensmtpd():
        pytest.skip(why)
    with opensmtpd(folder, credentials) as running:
        yield running


class Names:
    """The mail servers of a domain, or a failure; every host is this machine."""

    def __init__(self, mx: list[str] | CheckFailedError) -> None:
        self._mx = mx

    async def addresses(self, host: str, family: Family, within_s: float) -> list[str]:
        return ["127.0.0.1" if family == 4 else "::1"]

    async def records(self, name: str, rdtype: str, within_s: float) -> list[str]:
        assert rdtype == "MX"
        if isinstance(self._mx, CheckFailedError):
            raise self._mx
        return list(self._mx)


async def asked(
    port: int,
    mx: list[str] | CheckFailedError | None = None,
    limits: CheckLimits = QUICK,
    where: str = "example.kp",
) -> list[CheckResult]:
    names = Names(["10 mail.example.kp."] if mx is None else mx)
    results = await check_smtp(target("smtp", where, port=port), 4, probe(limits, names))
    return [kept_to_bounds(result) for result in results]


def one(port: int, **how: Any) -> CheckResult:
    before = open_files()
    (result,) = asyncio.run(asked(port, **how))
    assert open_files() == before
    return result


def test_opensmtpd_answers_and_its_broken_tls_is_a_fact_alone(real: OpenSmtpd) -> None:
    result = one(real.port, limits=CheckLimits(phase_s=5))
    assert (result.outcome, result.part, result.address) == ("ok", "mail.example.kp", "127.0.0.1"), result
    facts = result.facts
    assert (facts["code"], facts["esmtp"], facts["starttls"], facts["preference"]) == (220, True, True, 10)
    assert facts["banner"] == "mail.example.kp ESMTP OpenSMTPD"
    assert {"STARTTLS", "SIZE", "DSN"} <= set(facts["can"])
    assert ("certificate" in facts) != ("tls_failed" in facts)
    assert result.connect_ms is not None
    assert result.first_byte_ms is not None


def test_starttls_gives_the_facts_of_a_certificate_that_does_not_hold(
    folder: Path, credentials: Credentials
) -> None:
    with mail_server(folder, credentials) as server:
        result = one(server.port, limits=CheckLimits(phase_s=5))
    assert result.outcome == "ok", result
    certificate = result.facts["certificate"]
    assert certificate["names"] == ["mail.elsewhere.example"]
    assert (certificate["not_before"], certificate["not_after"]) == (
        "2000-01-01T00:00:00Z",
        "2000-12-31T00:00:00Z",
    )
    assert certificate["days_left"] < -9000
    assert certificate["subject"] == certificate["issuer"]
    assert result.facts["tls"] == "opportunistic: the certificate is not verified"
    assert result.tls_ms is not None
    # Our name is our address (RFC 5321, section 4.1.3); no message is begun.
    said = re.findall(r">> b'(.*?)'", server.log.read_text())
    assert said == ["EHLO [127.0.0.1]", "STARTTLS", "QUIT"]


def test_without_starttls(folder: Path) -> None:
    with mail_server(folder, None) as server:
        result = one(server.port, limits=CheckLimits(phase_s=5))
    assert (result.outcome, result.facts["starttls"], result.tls_ms) == ("ok", False, None)
    assert "certificate" not in result.facts


# Which servers.


@pytest.mark.parametrize(
    ("mx", "parts"),
    [
        (["20 B.example.", "10 c.example.", "10 a.example."], ["a.example", "c.example", "b.example"]),
        (["20 a.example.", "10 a.example."], ["a.example"]),
        ([], ["example.kp"]),  # RFC 5321, section 5.1: the domain's own host
        (["0 .", "10 a.example."], ["a.example"]),
        ([f"{i} m{i}.example." for i in range(99, 0, -1)], [f"m{i}.example" for i in range(1, 5)]),
    ],
)
def test_servers_in_the_order_of_a_sender(mx: list[str], parts: list[str]) -> None:
    results = asyncio.run(asked(free_port(), mx, CheckLimits(parts=4)))
    assert [result.part for result in results] == parts
    assert {result.outcome for result in results} == {"refused"}
    assert {result.facts["mx"] for result in results} == {bool(mx)}


def test_mail_servers_by_a_real_name_server(tmp_path: Path) -> None:
    if have_nsd() is None:
        pytest.skip("nsd is not installed")
    with nsd(tmp_path) as server:

        def asked_of(domain: str) -> list[tuple[str, str]]:
            place = probe(QUICK, Resolver(f"127.0.0.1:{server.port}"))
            results = asyncio.run(check_smtp(target("smtp", domain, port=free_port()), 4, place))
            return [(result.part, result.outcome) for result in results]

        assert asked_of("star-co.net.kp") == [("ns1.co.kp", "refused"), ("ns2.co.kp", "refused")]
        assert asked_of("kcna.kp") == [("kcna.kp", "refused")]
        assert asked_of("silibank.net.kp") == [("", "no_address")]
        assert asked_of("no-such.kp") == [("", "no_such_name")]


def test_a_domain_that_takes_no_mail() -> None:
    result = one(free_port(), mx=["0 ."])
    assert (result.part, result.outcome, result.failed_in) == ("", "no_address", "resolve")
    assert result.facts == {"null_mx": True}
    assert "takes no mail" in (result.detail or "")


def test_a_domain_whose_mail_servers_cannot_be_found() -> None:
    result = one(free_port(), mx=CheckFailedError("server_failure", "resolve", "SERVFAIL"))
    assert (result.part, result.outcome, result.failed_in) == ("", "server_failure", "resolve")
    assert one(free_port(), mx=["x mail.example."]).outcome == "bad_answer"


def test_an_address_has_no_mx() -> None:
    failed = CheckFailedError("no_such_name", "resolve", "asked")
    assert one(free_port(), mx=failed, where="127.0.0.1").outcome == "refused"


# What real servers do not do.

Speaks = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def strange(speaks: Speaks, limits: CheckLimits = QUICK) -> CheckResult:
    async def run() -> CheckResult:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await speaks(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        port = free_port()
        server = await asyncio.start_server(serve, "127.0.0.1", port)
        try:
            (result,) = await asked(port, limits=limits)
            return result
        finally:
            server.close()
            await asyncio.sleep(0.05)

    return asyncio.run(run())


def says(*replies: bytes, each_s: float = 0.0) -> Speaks:
    """The first at once, each other one after a line of ours; then it closes."""

    async def speaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for i, reply in enumerate(replies):
            if i:
                await reader.readuntil(b"\n")
            writer.write(reply)
            await writer.drain()
            await asyncio.sleep(each_s)

    return speaks


HELLO = b"220 mail ESMTP\r\n"
MANY_WORDS = b"250-a\r\n250-AUTH=LOGIN\r\n250-\xff\x00;\r\n250 starttls\r\n"


@pytest.mark.parametrize(
    ("speaks", "outcome", "failed_in", "detail"),
    [
        (says(), "reset", "first_byte", "closed without a word"),
        (says(b"22"), "reset", "first_byte", "closed in the middle"),
        (says(b"421 too busy\r\n"), "server_failure", "first_byte", "421 too busy"),
        (says(b"554 go away\r\n"), "server_failure", "first_byte", "554 go away"),
        (says(b"250 hello\r\n"), "bad_answer", "first_byte", "250 hello"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "bad_answer", "first_byte", "not a reply: SSH-2.0-OpenSSH_9.2"),
        (says(b"\x16\x03\x01\x02\x00\x01\n"), "bad_answer", "first_byte", None),
        (says(b"220-a\r\n221 b\r\n"), "bad_answer", "first_byte", "not a reply: 221 b"),
        (says(b"x" * 5000), "too_long", "first_byte", "a line of more than 4096 bytes"),
        (says(b"220-x\r\n" * 65), "too_long", "first_byte", "a reply of more than 64 lines"),
        (says(HELLO), "reset", "content", None),
        (says(HELLO, b"450 not now\r\n"), "server_failure", "content", "450 not now"),
        (says(HELLO, b"502 what?\r\n", b"550 no\r\n"), "server_failure", "content", "550 no"),
        (says(HELLO, b"250-x\r\n" * 65), "too_long", "content", None),
    ],
)
def test_conversations_that_fail(speaks: Speaks, outcome: str, failed_in: str, detail: str | None) -> None:
    result = strange(speaks)
    assert (result.outcome, result.failed_in) == (outcome, failed_in), result
    assert detail is None or result.detail == detail


@pytest.mark.parametrize(
    ("speaks", "facts"),
    [
        # Lines may end without a carriage return, a banner may have many lines, and words are only shown.
        (says(b"220-<b>one\n220 two\n", b"250 ok\n", b"221\n"), {"banner": "<b>one", "esmtp": True}),
        (says(HELLO, b"502 what?\r\n", b"250 hello\r\n", b"221 bye\r\n"), {"esmtp": False, "starttls": False}),
        # It says goodbye by closing, or not at all.
        (says(HELLO, b"250 ok\r\n"), {"esmtp": True}),
        (says(b"220 \xff\xfe\r\n", b"250 ok\r\n"), {"banner": "\ufffd\ufffd"}),
        (says(HELLO, MANY_WORDS, b"454 no\r\n"), {"can": ["AUTH", "STARTTLS"], "tls_failed": "454 no"}),
    ],
)  # fmt: skip
def test_conversations_that_are_odd_and_go_on(speaks: Speaks, facts: dict[str, Any]) -> None:
    result = strange(speaks)
    assert result.outcome == "ok", result
    assert facts.items() <= result.facts.items()


def test_garbage_where_tls_should_begin_fails_nothing() -> None:
    result = strange(
        says(HELLO, b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\nHTTP/1.1 400 Bad Request\r\n\r\n")
    )
    assert result.outcome == "ok"
    assert result.facts["tls_failed"]
    assert "certificate" not in result.facts


def test_over_ipv6_we_are_called_by_our_address() -> None:
    heard: list[bytes] = []

    async def run() -> CheckResult:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for reply in (HELLO, b"250 ok\r\n", b"221 bye\r\n"):
                writer.write(reply)
                heard.append(await reader.readline())
            writer.close()

        port = free_port()
        server = await asyncio.start_server(serve, "::1", port)
        try:
            place = probe(QUICK, Names(["10 mail.example.kp."]))
            (result,) = await check_smtp(target("smtp", "example.kp", port=port), 6, place)
            return result
        finally:
            server.close()
            await asyncio.sleep(0.05)

    result = asyncio.run(run())
    assert (result.outcome, result.family, result.address) == ("ok", 6, "::1")
    # RFC 5321, section 4.1.3: an address literal of IPv6.
    assert heard == [b"EHLO [IPv6:::1]\r\n", b"QUIT\r\n", b""]


def test_a_mail_server_in_private_space_is_left_alone() -> None:
    place = probe(QUICK, Names(["10 mail.example.kp."]), allow_private=False)
    (result,) = asyncio.run(check_smtp(target("smtp", "example.kp"), 4, place))
    assert (result.outcome, result.failed_in, result.part) == (
        "private_address",
        "resolve",
        "mail.example.kp",
    )


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for _ in range(60):
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.05)


async def lines_without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for _ in range(60):
        writer.write(b"220-still here\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"220-" + b"x" * 60_000)
        await writer.drain()


@pytest.mark.parametrize(
    ("speaks", "outcome"),
    [(silence, "timed_out"), (drip, "timed_out"), (lines_without_end, "timed_out"), (flood, "too_long")],
)
def test_everything_has_an_end(speaks: Speaks, outcome: str) -> None:
    result = strange(speaks)
    assert (result.outcome, result.failed_in) == (outcome, "first_byte")
    assert (result.total_ms or 0) < 2_500, "they would go on for three seconds, or for ever"
