"""What a watch says of itself, on standard error: short lines for people, else one JSON object a line.

Each object has `time` (ISO 8601, Z), `level` (info, warning, error), `event` (the words), and `source` and `kind`, null
where there is none. What libraries and Python itself have to say takes the same way.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from nightside.publish.literal import one_line
from nightside.sources.stream import Fault

if TYPE_CHECKING:
    from structlog.typing import Processor

LONGEST_CHARS = 2_000
_Said = MutableMapping[str, Any]
_DIM, _YELLOW, _RED, _PLAIN = "\033[2m", "\033[33m", "\033[31m", "\033[0m"
_COLOURS = {"warning": _YELLOW, "error": _RED, "critical": _RED}


class Log:
    """Three ways to say something; `say` and `warn` can stand wherever a `Callable[[str], None]` is wanted."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def say(self, text: str, *, source: str | None = None, kind: str | None = None) -> None:
        """What goes as it should."""
        self._logger.info(text, source=source, kind=kind)

    def warn(self, text: str, *, source: str | None = None, kind: str | None = None) -> None:
        """What does not."""
        self._logger.warning(text, source=source, kind=kind)

    def fault(self, fault: Fault) -> None:
        """The first of its source and kind (`sources.stream.Faults`)."""
        self.warn(fault.detail, source=fault.source, kind=fault.kind)


def open_log(stream: TextIO | None = None) -> Log:
    """The log of this process; the stream (None: standard error) decides its form. A later one takes its place."""
    stream = stream or sys.stderr
    to_people = stream.isatty()
    colours = to_people and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    before: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.ExceptionRenderer(),
    ]
    last = (
        [_ForPeople(colours)]
        if to_people
        else [_whole, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    lines = _Lines(stream)
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(("kind",)), _named, *before],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    return Log(
        structlog.wrap_logger(
            lines,
            processors=[*before, *last],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        )
    )


class _Lines:
    """A stream as both kinds of loggers write to it. That nobody reads it any more ends no watch."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.info = self.warning = self.error = self.msg

    def msg(self, line: str) -> None:
        self.write(f"{line}\n")

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _named(_logger: Any, _name: str, said: _Said) -> _Said:
    """Of a library's line, which library it is."""
    said["source"] = said["_record"].name
    return said


def _whole(_logger: Any, _name: str, said: _Said) -> _Said:
    """Every key is there, in the same order."""
    first = {key: said.pop(key, None) for key in ("time", "level", "event", "source", "kind")}
    return {**first, **said}


class _ForPeople:
    """`07:13:15Z warning: rrc00: silent for 60 s`.

    What is said may hold words of others: a terminal is given nothing of them that it would obey.
    """

    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def __call__(self, _logger: Any, _name: str, said: _Said) -> str:
        clock = said["time"][11:19] + "Z"
        level, source = said["level"], said.get("source")
        words = one_line(str(said["event"]), LONGEST_CHARS)
        if source:
            words = f"{source}: {words}"
        colour = _COLOURS.get(level, "")
        if self._colours:
            clock = f"{_DIM}{clock}{_PLAIN}"
        mark = f"{colour}{level}:{_PLAIN} " if colour and self._colours else f"{level}: " if colour else ""
        trace = f"\n{said['exception']}" if said.get("exception") else ""
        return f"{clock} {mark}{words}{trace}"
