"""How a channel has been doing, in a small file beside what waits, for whoever asks while no watch runs."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ChannelState:
    """Instants are seconds since the epoch; None: not yet, or not now."""

    delivered: int = 0
    """Messages that were taken, since the channel was first used."""
    refused: int = 0
    last_delivered: int | None = None
    failing_since: int | None = None
    why: str | None = None
    """Why it fails."""


def state_file(folder: Path, name: str) -> Path:
    """Where the state of a channel is kept."""
    return folder / f"{name}.state"


def alerts_file(folder: Path, name: str) -> Path:
    """Where is kept what fires at a channel."""
    return folder / f"{name}.alerts"


def read_state(folder: Path, name: str) -> ChannelState:
    """What was written last; nothing delivered where that cannot be read."""
    with suppress(OSError, ValueError, TypeError):
        said: dict[str, Any] = json.loads(state_file(folder, name).read_text(encoding="utf-8"))
        return ChannelState(**said)
    return ChannelState()


def write_state(folder: Path, name: str, state: ChannelState) -> None:
    """Put it in place whole. Raises OSError."""
    path = state_file(folder, name)
    part = path.with_name(path.name + ".new")
    part.write_text(json.dumps(asdict(state), ensure_ascii=False), encoding="utf-8")
    part.replace(path)
