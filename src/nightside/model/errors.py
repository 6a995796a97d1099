"""The error tree; every error is one or two lines: what, where, what to do.

NightsideError            exit 1
├── UsageError            exit 2: the words of the call are wrong
├── NoStoreError          nothing was stored there yet
├── LeaseLostError        somebody else does by now what we did alone
└── InputError            exit 3: no usable input
    ├── NotMrtError       the bytes are not MRT records
    ├── UnreadableError   the file cannot be opened or read
    └── DownloadError     an archive does not give what it should
"""

from __future__ import annotations


class NightsideError(Exception):
    """The root of all errors that are meant for people.

    `what` says what is wrong, `where` names the file (and byte offset, where there is one),
    `advice` says what to do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        self.what, self.where, self.advice = what, where, advice
        first = f"{where}: {what}" if where else what
        super().__init__(f"{first}\n{advice}" if advice else first)


class UsageError(NightsideError):
    """The call itself is wrong: an unknown country code, `from` after `to`."""

    exit_code = 2


class NoStoreError(NightsideError):
    """There is no store where one is to be read."""

    def __init__(self, where: str) -> None:
        super().__init__("there is no store here", where=where, advice="Replay something into it first.")


class LeaseLostError(NightsideError):
    """Somebody else has taken a lease meanwhile: nothing was written."""


class InputError(NightsideError):
    """There is no usable input."""

    exit_code = 3


class NotMrtError(InputError):
    """The bytes are not MRT records (RFC 6396)."""


class UnreadableError(InputError):
    """A file cannot be opened or read."""


class DownloadError(InputError):
    """Something of an archive could not be fetched, though it was tried again."""
