"""Every way by which bytes come in, and what must hold of it whatever the bytes. A broken rule raises WrongError."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

ENTRANCES = {
    "mrt": "fuzz.entrances.mrt",
    "state": "fuzz.entrances.state",
    "bmp": "fuzz.entrances.bmp",
    "message": "fuzz.entrances.message",
    "frames": "fuzz.entrances.frames",
    "answer": "fuzz.entrances.answer",
    "packed": "fuzz.entrances.packed",
}
"""Name and module; its function `enter` takes the bytes."""


def entrance(name: str) -> Callable[[bytes], None]:
    """What reads the bytes at this entrance, and raises `fuzz.rules.WrongError` where a rule is broken."""
    enter: Callable[[bytes], None] = import_module(ENTRANCES[name]).enter
    return enter
