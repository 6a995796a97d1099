"""HTTP as uvicorn speaks it, with our headers on the one answer that is made before the app is asked."""

from __future__ import annotations

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from nightside.web.headers import SECURITY_HEADERS


class Protocol(H11Protocol):
    """Answers what is no HTTP with 400, and the headers that every answer has."""

    def send_400_response(self, msg: str) -> None:
        """Say so, and hang up."""
        headers = {**SECURITY_HEADERS, "Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
        events = (
            h11.Response(status_code=400, headers=list(headers.items()), reason=b"Bad Request"),
            h11.Data(data=msg.encode("ascii", "replace")),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
