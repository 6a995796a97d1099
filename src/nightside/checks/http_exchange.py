"""One request and its answer (RFC 9112) over one connection, with a bound on everything that comes."""

from __future__ import annotations

import h11

from nightside.checks.connection import Connection, Deadline
from nightside.checks.failure import CheckFailedError
from nightside.checks.limits import CheckLimits
from nightside.checks.web_address import WebAddress

HEAD_LINES = 16
"""The head of an answer has at most the bytes of so many of the longest lines."""
MOST_INTERIM = 8
"""So many answers of 1xx before the true one (RFC 9110, section 15.2)."""
PIECES_PER_KIB = 16
"""A body comes in at most so many pieces for each KiB that we take: each piece costs us, whatever its length."""


class Exchange:
    """Asked first, then the head is read, then the body. `keep`: the body is kept to be looked at."""

    def __init__(self, connection: Connection, deadline: Deadline, limits: CheckLimits, keep: bool) -> None:
        self._connection, self._deadline, self._limits, self._keep = connection, deadline, limits, keep
        self._head_bytes = HEAD_LINES * limits.line_bytes
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=self._head_bytes)
        self._closed = False
        self._first = b""
        self._pieces: list[bytes] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self.status = 0
        self.reason = ""
        self.http_version = ""
        self.body_bytes = 0
        self.body_cut = False
        """There is more than we take."""

    @property
    def body(self) -> bytes:
        """What was kept of it."""
        return b"".join(self._pieces)

    def header(self, name: bytes) -> str:
        """The first of that name in lower case, empty where there is none."""
        value = next((value for key, value in self._headers if key == name), b"")
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")

    async def ask(self, address: WebAddress, user_agent: str) -> None:
        """Sends the request, and waits for the first byte of an answer."""
        request = h11.Request(
            method="GET",
            target=address.path,
            headers=[
                ("Host", address.authority),
                ("User-Agent", user_agent),
                ("Accept", "*/*"),
                ("Accept-Encoding", "identity"),
                ("Connection", "close"),
            ],
        )
        words = (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        await self._connection.send(words, self._deadline.within_s())
        first = await self._connection.receive(self._deadline.within_s())
        if not first:
            raise CheckFailedError("reset", "first_byte", "closed without an answer")
        self._first = first
        self._http.receive_data(first)

    async def read_head(self) -> None:
        """Status and headers."""
        # An answer begins so (RFC 9112, section 4); else we would wait for the end of its head.
        if not self._first.startswith(b"HTTP/"[: len(self._first)]):
            raise CheckFailedError("bad_answer", "content", f"not HTTP: {self._first[:40]!r}")
        for _ in range(MOST_INTERIM + 1):
            event = await self._next()
            if isinstance(event, h11.Response):
                self.status = event.status_code
                self.reason = event.reason.decode("latin-1")
                self.http_version = event.http_version.decode("ascii")
                self._headers = list(event.headers)
                return
            if not isinstance(event, h11.InformationalResponse):
                break
        raise CheckFailedError("bad_answer", "content", "no answer after what went before it")

    async def read_body(self) -> None:
        """Up to its end, or to the bound."""
        most = self._limits.body_bytes
        for _ in range(most * PIECES_PER_KIB // 1024 + 1):
            event = await self._next()
            if isinstance(event, h11.EndOfMessage):
                return
            if not isinstance(event, h11.Data):
                raise CheckFailedError("bad_answer", "content", "no body where one was said to be")
            data = bytes(event.data)[: most - self.body_bytes]
            self.body_cut = len(data) < len(event.data)
            self.body_bytes += len(data)
            if self._keep:
                self._pieces.append(data)
            if self.body_cut:
                return
        raise CheckFailedError("too_long", "content", "in too many pieces")

    async def _next(self) -> object:
        """What the server says next. Raises bad_answer, too_long or reset."""
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                if self._closed:
                    raise CheckFailedError("reset", "content", "closed in the middle") from error
                # h11's word for more than its bound.
                too_long = error.error_status_hint == 431
                raise CheckFailedError(
                    "too_long" if too_long else "bad_answer", "content", str(error)
                ) from error
            if event is not h11.NEED_DATA:
                return event
            if self._closed:
                raise CheckFailedError("reset", "content", "closed in the middle")
            await self._more()

    async def _more(self) -> None:
        if self._connection.received_bytes > 2 * (self._head_bytes + self._limits.body_bytes):
            raise CheckFailedError("too_long", "content", "more around the page than in it")
        try:
            data = await self._connection.receive(self._deadline.within_s())
        except TimeoutError:
            if not self._deadline.over:
                raise  # silent for as long as a phase may last
            raise CheckFailedError("too_long", "content", "too slowly") from None
        self._closed = not data
        self._http.receive_data(data)
