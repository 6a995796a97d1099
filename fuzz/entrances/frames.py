"""Frames of RIS Live, one a line: to MRT records, and on into the decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fuzz.entrances import mrt
from fuzz.rules import must, same

from nightside.sources.ris_frames import RisFrames
from nightside.sources.stream import Faults, Figures

NOW_S = 1419264901.0
COLLECTORS = ("rrc00", "rrc01")


def read(parts: Sequence[Sequence[bytes]]) -> tuple[dict[str, tuple[bytes, int, int]], list[Any], int]:
    """By collector: the records, the messages and the bad ones; then what else was answered, and what was broken."""
    figures = Figures()
    frames = RisFrames(COLLECTORS, "ris-live", Faults(), figures)
    found: dict[str, tuple[bytes, int, int]] = {}
    answers: list[Any] = []
    broken = 0
    for part in parts:
        gathered, told = frames.read(part, NOW_S, 1.0)
        for name, one in gathered.items():
            before = found.get(name, (b"", 0, 0))
            must(len(one.records) + one.bad <= one.messages, "more of", name, "than messages")
            found[name] = (before[0] + b"".join(one.records), before[1] + one.messages, before[2] + one.bad)
        answers += [told.acknowledged, told.errors] if told.acknowledged or told.errors else []
        broken += told.broken
    same(figures.messages, sum(map(len, parts)), "frames that were counted")
    return found, answers, broken


def enter(content: bytes) -> None:
    """All rules for some frames."""
    frames = content.split(b"\n")
    found, _, broken = read([frames])
    alone = read([[frame] for frame in frames])
    same((alone[0], alone[2]), (found, broken), "frame by frame")
    must(
        broken + sum(messages for _, messages, _ in found.values()) <= len(frames),
        "more messages than frames",
    )
    must(set(found) <= set(COLLECTORS), "collectors that were not asked for:", set(found))
    for records, messages, bad in found.values():
        if not records:
            continue
        reading = mrt.read(records, [records])
        must(not isinstance(reading, str), "what is made is no MRT:", reading)
        assert isinstance(reading, mrt.Reading)
        must(not reading.truncated, "what is made is cut off")
        must(
            reading.records <= messages - bad,
            reading.records,
            "records of",
            messages,
            "messages,",
            bad,
            "bad",
        )
