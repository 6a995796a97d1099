"""http against servers that do what no good one does: each has its outcome, and nothing grows without bounds."""

from __future__ import annotations

import asyncio
import gc
import gzip
import time
from typing import Any

import pytest
from check_probe import QUICK, kept_to_bounds, open_files, probe, target
from nasty_server import Does, half_closes, nasty, repeats, resets, says

from nightside.checks.http import check_http
from nightside.model.check import CheckResult

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def checked(does: Does, scheme: str = "http", **expects: Any) -> CheckResult:
    async def run() -> list[CheckResult]:
        async with nasty(does) as port:
            where = target("http", f"{scheme}://127.0.0.1:{port}/", **expects)
            return await check_http(where, 4, probe(QUICK))

    began = time.monotonic()
    (result,) = asyncio.run(run())
    assert time.monotonic() - began < 5
    return kept_to_bounds(result)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("does", "outcome", "failed_in"),
    [
        pytest.param(silent, "timed_out", "first_byte", id="silent"),
        pytest.param(resets, "reset", "first_byte", id="reset"),
        pytest.param(says(), "reset", "first_byte", id="closes without a word"),
        pytest.param(says(b"\x00\xff garbage \r\n\r\n"), "bad_answer", "content", id="garbage"),
        pytest.param(says(b"SSH-2.0-OpenSSH_9.2\r\n"), "bad_answer", "content", id="ssh"),
        pytest.param(says(b"<html>hello</html>\n"), "bad_answer", "content", id="HTTP/0.9"),
        pytest.param(says(b"HTTP/1.1 twohundred OK\r\n\r\n"), "bad_answer", "content", id="no status"),
        pytest.param(says(OK + b"A: b\r\n"), "reset", "content", id="closes within the head"),
        pytest.param(
            says(OK, *(b"X-%d: %s\r\n" % (i, b"v" * 16) for i in range(10_000)), then_waits=True),
            *("too_long", "content"),
            id="10,000 headers",
        ),
        pytest.param(repeats(OK + b"X: ", b"x" * 4096), "too_long", "content", id="an endless header"),
        pytest.param(says(b"HTTP/1.1 101 Switching\r\n\r\n"), "bad_answer", "content", id="101"),
        pytest.param(
            repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "bad_answer", "content", id="100 for ever"
        ),
        pytest.param(says(CHUNKED + b"zzz\r\nabc\r\n"), "bad_answer", "content", id="chunk without a length"),
        pytest.param(says(CHUNKED + b"3\r\nabcdef\r\n"), "bad_answer", "content", id="chunk with more"),
        pytest.param(says(CHUNKED + b"9\r\nabc"), "reset", "content", id="closes within a chunk"),
        pytest.param(repeats(CHUNKED, b"1\r\nx\r\n" * 200), "too_long", "content", id="chunks of one byte"),
        pytest.param(
            repeats(CHUNKED, b"1;" + b"e" * 8000 + b"\r\nx\r\n"),
            *("too_long", "content"),
            id="more around it than in it",
        ),
        pytest.param(
            says(OK + b"Content-Length: 100\r\n\r\nshort"), "reset", "content", id="shorter than it said"
        ),
        pytest.param(
            says(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            *("bad_answer", "content"),
            id="two lengths",
        ),
        pytest.param(
            says(OK + b"Content-Length: 100\r\n\r\nshort", then_waits=True),
            *("timed_out", "content"),
            id="stops within the body",
        ),
        pytest.param(says(OK, then_waits=True), "timed_out", "content", id="stops within the head"),
        pytest.param(repeats(OK + b"\r\n", b"x", 0.05), "too_long", "content", id="a dripping body"),
        pytest.param(repeats(OK, b"X: y\r\n", 0.05), "too_long", "content", id="a dripping head"),
        pytest.param(
            says(b"HTTP/1.1 302 F\r\nLocation: http://[nonsense/\r\n\r\n"),
            *("bad_answer", "content"),
            id="redirect to nonsense",
        ),
        pytest.param(
            says(b"HTTP/1.1 302 F\r\nLocation: /" + b"a" * 5000 + b"\r\n\r\n"),
            *("bad_answer", "content"),
            id="redirect without end",
        ),
        pytest.param(
            says(b"HTTP/1.1 302 F\r\nLocation: http://" + b"\xc3\xa9" * 900 + b"/\r\n\r\n"),
            *("bad_answer", "content"),
            id="redirect to a name without end",
        ),
        pytest.param(
            says(b"HTTP/1.1 500 " + b"because " * 400 + b"\r\n\r\n"),
            *("wrong_status", "content"),
            id="a long excuse",
        ),
    ],
)
def test_each_has_its_outcome(does: Does, outcome: str, failed_in: str) -> None:
    result = checked(does)
    assert (result.outcome, result.failed_in) == (outcome, failed_in)


def test_silence_under_tls() -> None:
    assert (r := checked(silent, "https")).outcome == "timed_out"
    assert r.failed_in == "tls"


def test_no_tls_where_it_should_be() -> None:
    async def answers_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    result = checked(answers_plainly, "https")
    assert (result.outcome, result.failed_in) == ("tls_failed", "tls")

    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)

    result = checked(hangs_up, "https")
    assert (result.outcome, result.failed_in) == ("reset", "tls")


def test_what_is_unusual_and_right() -> None:
    assert checked(half_closes, expect_text="all is well").outcome == "ok"
    assert checked(says(b"HTTP/1.0 200\r\n\r\nall is well"), expect_text="well").outcome == "ok"
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    assert checked(says(early, early, OK + b"\r\nall is well"), expect_text="well").outcome == "ok"
    chunks = CHUNKED + b"3\r\nall\r\n5;x=y\r\n is w\r\n3\r\nell\r\n0\r\n\r\n"
    assert checked(says(chunks), expect_text="all is well").outcome == "ok"
    assert checked(says(b"HTTP/1.1 204 No Content\r\n\r\n")).outcome == "ok"
    assert checked(says(b"HTTP/1.1 302 Found\r\n\r\n")).outcome == "ok", "it leads nowhere, and is below 400"


def test_an_endless_body_is_left_when_we_have_enough() -> None:
    sent = [0]
    result = checked(repeats(OK + b"\r\n", b"x" * 8192, sent=sent))
    assert (result.outcome, result.facts["body_bytes"], result.facts["body_cut"]) == ("ok", 262_144, True)
    # What lies in the buffers of both ends of a connection on one machine comes on top.
    assert sent[0] < 16 * 1024 * 1024
    assert checked(repeats(OK + b"\r\n", b"x" * 8192), expect_text="y").outcome == "too_long"


def test_text_in_the_encoding_of_the_page() -> None:
    words = "조선중앙통신"
    meta = b"<meta http-equiv=content-type content='text/html; charset=EUC-KR'>" + words.encode("euc-kr")
    assert checked(says(OK + b"\r\n" + meta), expect_text=words).outcome == "ok"
    header = OK + b"Content-Type: text/html;charset=euc-kr\r\n\r\n"
    assert checked(says(header + words.encode("euc-kr")), expect_text=words).outcome == "ok"
    broken = OK + b"\r\n\xff\xfe" + words.encode() + b"\x80"
    assert checked(says(broken), expect_text=words).outcome == "ok"
    strange = OK + b"Content-Type: text/html; charset=zlib\r\n\r\n"
    assert checked(says(strange + words.encode()), expect_text=words).outcome == "ok"


def test_what_is_sent_compressed_is_not_unpacked() -> None:
    page = OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"all is well")
    result = checked(says(page), expect_text="all is well")
    assert (result.outcome, result.detail) == ("bad_answer", "sent as gzip, which was not asked for")
    assert checked(says(page)).outcome == "ok"


def test_facts_are_bounded() -> None:
    long = b"\xf0\x9f\x8c\x99" * 900
    head = b"".join((OK, b"Server: ", long, b"\r\nContent-Type: ", long, b"\r\n\r\n"))
    result = checked(says(head + b"page"))
    assert result.outcome == "ok"
    assert len(result.facts["server"]) == len(result.facts["content_type"]) == 100


@pytest.mark.parametrize(
    ("does", "scheme"), [(silent, "http"), (silent, "https"), (says(OK, then_waits=True), "http")]
)
def test_a_check_that_is_cancelled_leaves_nothing_open(does: Does, scheme: str) -> None:
    async def run() -> None:
        async with nasty(does) as port:
            before = open_files()
            where = target("http", f"{scheme}://127.0.0.1:{port}/")
            tasks = [asyncio.create_task(check_http(where, 4, probe())) for _ in range(20)]
            await asyncio.sleep(0.2)
            assert open_files() >= before + 40, "both ends of each"
            for task in tasks:
                task.cancel()
            told = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in told)
            assert open_files() <= before + 20, "the server's ends alone"

    before = open_files()
    asyncio.run(run())
    gc.collect()
    assert open_files() == before


def test_who_says_that_we_ask_too_often_is_not_down() -> None:
    too_many = says(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")
    result = checked(too_many)
    assert (result.outcome, result.failed_in, result.facts["status"]) == ("held_back", "content", 429)
    assert checked(too_many, expect_status=429).outcome == "ok"
    assert checked(too_many, expect_status=200).outcome == "held_back"
