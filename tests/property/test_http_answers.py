"""Whatever a server says: an answer, or a failure with its cause, within bounds; nothing else ever comes out."""

from __future__ import annotations

import asyncio
from typing import cast

from check_probe import probe
from hypothesis import given, settings
from hypothesis import strategies as st

from nightside.checks.connection import Connection, Deadline
from nightside.checks.failure import CheckFailedError
from nightside.checks.http_exchange import Exchange
from nightside.checks.limits import CheckLimits
from nightside.checks.page_text import holds
from nightside.checks.web_address import NotWebError, web_address

LIMITS = CheckLimits(body_bytes=256, line_bytes=64)
PAGE = web_address("http://www.example.kp/")

PIECES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [
            *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 301 \r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 "),
            *(
                b"\r\n",
                b"\n",
                b"\r\n\r\n",
                b"0\r\n\r\n",
                b"5\r\nhello\r\n",
                b"ffffffffffffffffff\r\n",
                b"-1\r\n",
            ),
            *(
                b"Content-Length: 5\r\n",
                b"Content-Length: -5\r\n",
                b"Content-Length: 99999999999999999999\r\n",
            ),
            *(
                b"Transfer-Encoding: chunked\r\n",
                b"Transfer-Encoding: gzip\r\n",
                b"Location: /x\r\n",
                b"X: y\r\n",
            ),
            *(b" folded\r\n", b"hello", b"\x00" * 40, b"X: " + b"z" * 80),
        ]
    ),
)


class Scripted:
    """Says its pieces, then closes."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces, self.received_bytes = [each for each in pieces if each], 0

    async def send(self, data: bytes, within_s: float) -> None:
        assert data.startswith(b"GET / HTTP/1.1\r\n")

    async def receive(self, within_s: float) -> bytes:
        data = self._pieces.pop(0) if self._pieces else b""
        self.received_bytes += len(data)
        return data


@settings(deadline=None)
@given(st.lists(PIECES, max_size=40))
def test_any_answer_ends_in_one_of_two_ways(pieces: list[bytes]) -> None:
    async def run() -> Exchange:
        said = cast(Connection, Scripted(pieces))
        exchange = Exchange(said, Deadline(probe(LIMITS)), LIMITS, keep=True)
        await exchange.ask(PAGE, "nightside")
        await exchange.read_head()
        await exchange.read_body()
        return exchange

    try:
        exchange = asyncio.run(run())
    except CheckFailedError as caught:
        why = caught
    else:
        why = None
    if why is not None:
        assert why.outcome in ("reset", "bad_answer", "too_long")
        assert why.failed_in in ("first_byte", "content")
        return
    assert 200 <= exchange.status <= 999
    assert exchange.body_bytes == len(exchange.body) <= LIMITS.body_bytes
    assert exchange.header(b"x") in ("", "y") or len(exchange.header(b"x")) <= 16 * 64


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_location_leads_to_the_web_or_nowhere(location: str) -> None:
    try:
        there = PAGE.redirected(location)
    except NotWebError:
        return
    assert there.scheme in ("http", "https")
    assert 0 < there.port < 65_536
    assert str(there).isascii()
    assert all(0x21 <= ord(each) <= 0x7E for each in there.path + there.authority)
    assert web_address(str(there)) == there, "what is written down is the same page"


@settings(deadline=None)
@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_page_can_be_looked_through(page: bytes, content_type: str) -> None:
    assert holds(page, content_type, "")
