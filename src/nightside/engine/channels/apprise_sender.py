"""Text for people, by Apprise: mail, chats, social networks. It blocks, and so works in a thread."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import Any, Self
from urllib.parse import unquote

from nightside.engine.channels.senders import TAKEN, Answer
from nightside.publish.literal import one_line

SHORTEST_SECRET = 4
MOST_SAID = 200
"""Characters of what a service says; its control characters are for no terminal."""
BETWEEN_S = 1.0
"""Apprise itself waits 5.5 s between two sendings. A channel has `per_minute`, and no service wants more than this."""


class AppriseSender:
    """One service, or one address of it. What is longer than the service takes comes as several, in order."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._service: Any = None

    async def __aenter__(self) -> Self:
        self._service = await asyncio.to_thread(service_of, self._url)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._service = None

    async def send(self, key: str, body: bytes) -> Answer:
        """Send {"title", "body"}."""
        said = json.loads(body)
        return await asyncio.to_thread(self._notify, said["title"], said["body"])

    def _notify(self, title: str, body: str) -> Answer:
        import apprise

        if self._service is None:
            return Answer("Apprise does not know this address", is_final=True)
        capture: Any = apprise.LogCapture
        with capture(level=logging.WARNING, fmt="%(message)s") as log:
            try:
                is_taken = self._service.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
            except Exception as error:  # of a hundred services, each with libraries of its own
                return Answer(self._shown(f"{type(error).__name__}: {error}"))
            said = log.getvalue().strip().splitlines()
        if is_taken:
            return TAKEN
        return Answer(self._shown(said[0] if said else "the service did not take it"))

    def _shown(self, text: str) -> str:
        """Without the parts of the address: any of them may be a password."""
        parts = {part for url in (self._url, unquote(self._url)) for part in re.split(r"[/:@?&=]+", url)[1:]}
        for part in sorted(parts, key=len, reverse=True):
            if len(part) >= SHORTEST_SECRET:
                text = text.replace(part, "…")
        return one_line(text, MOST_SAID)


def service_of(url: str) -> Any:
    """The service at an address of Apprise; None where it knows none such."""
    import apprise

    service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if service is not None:
        service.request_rate_per_sec = min(service.request_rate_per_sec, BETWEEN_S)
        if "overflow=" not in url:
            service.overflow_mode = apprise.OverflowMode.SPLIT
    return service
