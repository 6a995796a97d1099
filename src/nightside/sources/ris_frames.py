"""Frames of RIS Live (JSON, https://ris-live.ripe.net/manual/) to MRT records, collector by collector.

The BGP message itself is taken (`raw`, hexadecimal), never the words that the frame has for it: there is one
reader of BGP bytes. The state of a session (`RIS_PEER_STATE`) becomes a state change. What cannot be used is
counted; no frame raises an error.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

import orjson

from nightside.sources.recent import Recent
from nightside.sources.stream import Faults, Figures
from nightside.wire.as_width import has_narrow_path

AHEAD_S = 30.0
"""A frame's time may be so far ahead of our clock; beyond, and before 1970, its arrival stands for it."""
MOST_PEERS = 4096
"""Of one collector; the largest has some hundreds."""
DOMAIN = ".ripe.net"

_BGP4MP_ET, _MESSAGE, _MESSAGE_AS4, _STATE_CHANGE_AS4 = 17, 1, 4, 5
_RECORD = Struct("!IHHII")
_SHORTEST, _LONGEST = 19, 65535
_STATES = {"connected": b"\0\5\0\6", "down": b"\0\6\0\1"}
_WITHOUT_ROUTES = frozenset(("OPEN", "NOTIFICATION", "KEEPALIVE"))
_SILENT_TYPES = frozenset(("pong", "ris_rrc_list", "ris_unsubscribe_ok"))
_LONGEST_WORDS = 200


@dataclass(slots=True)
class Gathered:
    """What some frames held of one collector."""

    records: list[bytes] = field(default_factory=list)
    messages: int = 0
    bad: int = 0


@dataclass(slots=True)
class Answers:
    """What some frames held besides messages of collectors."""

    acknowledged: list[str] = field(default_factory=list)
    """Collectors whose subscription the server has taken."""
    broken: int = 0
    """Frames of which not even the collector is known."""
    errors: list[str] = field(default_factory=list)


class BadFrameError(ValueError):
    """What is wrong: the kind, in words that are the same for all such frames, and this one's values."""

    def __init__(self, kind: str, value: object) -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = f"{kind}: {shortened(value)}"


def shortened(value: object) -> str:
    """What a stranger said, fit for one line of a log."""
    words = value if isinstance(value, str) else repr(value)
    words = "".join(c if c.isprintable() else "?" for c in words[: _LONGEST_WORDS + 1])
    return words if len(words) <= _LONGEST_WORDS else words[:_LONGEST_WORDS] + "…"


class RisFrames:
    """Reads frames of one connection after the other; what was seen last is remembered across connections."""

    def __init__(self, collectors: Iterable[str], source: str, faults: Faults, figures: Figures) -> None:
        self._source, self._faults, self._figures = source, faults, figures
        self._collectors = {name: name for name in collectors}
        self._collectors |= {name + DOMAIN: name for name in self._collectors}
        self._heads: dict[str, dict[tuple[str, Any], tuple[bytes, bytes | None]]] = {
            name: {} for name in self._collectors.values()
        }
        self._recent = Recent()
        self._now_s = 0.0

    def read(
        self, frames: Sequence[bytes], now_s: float, running_s: float
    ) -> tuple[dict[str, Gathered], Answers]:
        """What frames say that came by `now_s` (our clock; `running_s` is one that is never set back)."""
        self._now_s = now_s
        self._recent.turn(running_s)
        gathered: dict[str, Gathered] = {}
        answers = Answers()
        collectors, loads = self._collectors, orjson.loads
        for frame in frames:
            part, source = None, self._source
            try:
                said = loads(frame)
                if said["type"] != "ris_message":
                    self._answer(said, answers)
                    continue
                said = said["data"]
                name = collectors.get(said["host"])
                if name is None:
                    raise BadFrameError("a collector that was not asked for", said["host"])
                part = gathered.get(name)
                if part is None:
                    part = gathered[name] = Gathered()
                source = name
                part.messages += 1
                self._message(name, said, part)
            except BadFrameError as bad:
                self._count(part, answers, source, bad.kind, bad.detail)
            except orjson.JSONDecodeError as error:
                kind = "a frame that is no JSON"
                self._count(part, answers, source, kind, f"{kind}: {error}: {shortened(frame[:80])}")
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                kind = "a frame of another shape"
                detail = f"{kind}: {error!r}: {shortened(frame[:80])}"
                self._count(part, answers, source, kind, detail)
        self._figures.messages += len(frames)
        return gathered, answers

    def _count(self, part: Gathered | None, answers: Answers, source: str, kind: str, detail: str) -> None:
        self._faults.add(source, kind, detail)
        if part is None:
            answers.broken += 1
        else:
            part.bad += 1

    def _message(self, collector: str, said: dict[str, Any], part: Gathered) -> None:
        """One message of a collector that was asked for."""
        kind = said["type"]
        if kind in _WITHOUT_ROUTES:
            return
        name = said.get("id")
        if type(name) is str and not self._recent.is_new(name):
            self._figures.duplicates += 1
            return
        peer = (said["peer"], said["peer_asn"])
        heads = self._heads[collector].get(peer) or self._new_heads(collector, *peer)
        if kind == "UPDATE":
            message = self._raw(said)
            if heads[1] is not None and has_narrow_path(message):
                head, subtype = heads[1], _MESSAGE
            else:
                head, subtype = heads[0], _MESSAGE_AS4
        elif kind == "RIS_PEER_STATE":
            if said["state"] not in _STATES:
                raise BadFrameError("an unknown state of a session", said["state"])
            message, head, subtype = _STATES[said["state"]], heads[0], _STATE_CHANGE_AS4
        else:
            raise BadFrameError("an unknown type of message", kind)
        time_us = self._time_us(collector, said["timestamp"])
        length = 4 + len(head) + len(message)
        part.records.append(
            _RECORD.pack(time_us // 1_000_000, _BGP4MP_ET, subtype, length, time_us % 1_000_000)
            + head
            + message
        )

    def _raw(self, said: dict[str, Any]) -> bytes:
        raw = said.get("raw")
        if raw is None:
            raise BadFrameError("an UPDATE without its bytes", said.get("id"))
        try:
            message = bytes.fromhex(raw)
        except (ValueError, TypeError):
            raise BadFrameError("bytes that are not hexadecimal", raw) from None
        if not _SHORTEST <= len(message) <= _LONGEST:
            raise BadFrameError(f"a BGP message that has not {_SHORTEST} to {_LONGEST} bytes", len(message))
        return message

    def _time_us(self, collector: str, stamp: object) -> int:
        """Microseconds since the epoch; of the arrival, where the frame's own time cannot be."""
        if isinstance(stamp, (int, float)) and 0 < stamp <= self._now_s + AHEAD_S:
            return round(stamp * 1_000_000)
        self._figures.restamped += 1
        if isinstance(stamp, (int, float)) and math.isfinite(stamp):
            kind = "a time in the future" if stamp > 0 else "a time before 1970"
        else:
            kind = "a time that is none"
        self._faults.add(collector, kind, f"{kind}: {shortened(stamp)}; the time of arrival stands for it")
        return round(self._now_s * 1_000_000)

    def _new_heads(self, collector: str, peer: object, asn: object) -> tuple[bytes, bytes | None]:
        """Who speaks, as records carry it: with an AS number of four bytes, and of two where it has no more."""
        heads = self._heads[collector]
        if len(heads) >= MOST_PEERS:
            raise BadFrameError(f"a further peer, and the bound for one collector is {MOST_PEERS}", peer)
        if not isinstance(peer, str) or not isinstance(asn, (str, int)):
            raise BadFrameError("a peer that is none", (peer, asn))
        try:
            number = int(asn)
            address = socket.inet_pton(socket.AF_INET6 if ":" in peer else socket.AF_INET, peer)
            long = number.to_bytes(4, "big")
        except (ValueError, OSError, OverflowError):
            raise BadFrameError("a peer that is none", (peer, asn)) from None
        size = len(address)
        tail = bytes(2) + (b"\0\1" if size == 4 else b"\0\2") + address + bytes(size)
        narrow = long[2:] + bytes(2) + tail if number < 65536 else None
        made = heads[(peer, asn)] = (long + bytes(4) + tail, narrow)
        return made

    def _answer(self, said: dict[str, Any], answers: Answers) -> None:
        """A frame that is no message of a collector."""
        kind = said["type"]
        if kind == "ris_subscribe_ok":
            data = said.get("data") or {}
            # Older servers answer with the filter itself, newer ones with it inside `subscription`.
            host = (data.get("subscription") or data).get("host")
            if host in self._collectors:
                answers.acknowledged.append(self._collectors[host])
        elif kind == "ris_error":
            words = shortened(said["data"]["message"])
            answers.errors.append(words)
            self._faults.add(self._source, "the server tells of an error", words)
        elif kind not in _SILENT_TYPES:
            raise BadFrameError("an unknown type of frame", kind)
