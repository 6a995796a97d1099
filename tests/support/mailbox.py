"""A real mail server for tests that keeps what it is sent: aiosmtpd on a free port of 127.0.0.1, in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from free_port import free_port


class Mailbox:
    """Every mail that came, and where it came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[EmailMessage] = []
        self.refuses = False
        """Whether it says that it will not now."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - its name
        """As aiosmtpd calls it."""
        if self.refuses:
            return "451 Not now"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    @property
    def texts(self) -> list[str]:
        """What people read of each mail."""
        found = []
        for mail in self.mails:
            body = mail.get_body(("plain",))
            assert body is not None
            found.append(str(body.get_content()))
        return found


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """One that listens within the block."""
    found = Mailbox(free_port())
    controller = Controller(found, hostname="127.0.0.1", port=found.port)
    controller.start()
    try:
        yield found
    finally:
        controller.stop()
