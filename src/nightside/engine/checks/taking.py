"""Results that places hand in: what can be believed of each line is stored, the rest refused with its reason."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import orjson

from nightside.engine.tokens import LastUse
from nightside.model.check import CheckResult
from nightside.model.check_reading import read_result
from nightside.model.errors import InputError
from nightside.model.handed_in import HandedIn, Refused
from nightside.model.instants import duration_words
from nightside.store.protocol import Store

FUTURE_S = 300
"""So far ahead of our clock a result may be: clocks differ."""
OLDEST_S = 7 * 86_400
"""What is older changes nothing that anybody still looks at, and may be made up."""
LINE_BYTES = 16_384
MOST_TOLD = 20
"""So many refused lines are named in an answer; all are counted."""
WHY_CHARS = 200

log = logging.getLogger("nightside.checks")


class Taking:
    """Takes bodies of lines for the store. One thread uses it at a time."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now
        self._last_use = LastUse(store)
        self._wrong_clocks: set[str] = set()

    def take(self, place: str, digest: bytes, lines: Sequence[bytes]) -> HandedIn:
        """Store what these lines say, each a `nightside.check/1` of this place or empty; its token has this digest.

        All that is believed is stored, or nothing where the store cannot write: then NightsideError is raised, and the
        same may be handed in again.
        """
        now = self._now()
        results: list[CheckResult] = []
        refused: list[Refused] = []
        not_believed = 0
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                result = _read(line)
            except InputError as error:
                refused.append(Refused(number, error.what[:WHY_CHARS]))
                continue
            why = not_to_be_believed(result, place, now)
            if why is None:
                results.append(result)
            else:
                not_believed += 1
                refused.append(Refused(number, why))
        # Before: where the disk refuses this, it is true that nothing was stored.
        self._last_use.note(digest, now)
        new = self._store.put_results(results) if results else 0
        self._tell_of_clock(place, refused)
        return HandedIn(
            place,
            now,
            new,
            len(results) - new,
            len(refused),
            refused[:MOST_TOLD],
            len(results) + not_believed,
        )

    def _tell_of_clock(self, place: str, refused: Sequence[Refused]) -> None:
        ahead = next((each.why for each in refused if each.why.startswith(_AHEAD)), None)
        if ahead is None:
            self._wrong_clocks.discard(place)
        elif place not in self._wrong_clocks:
            self._wrong_clocks.add(place)
            log.warning("%s: its results are refused: %s", place, ahead)


_AHEAD = "it is of the future"


def not_to_be_believed(result: CheckResult, place: str, now: float) -> str | None:
    """Why a result of this place is refused at this instant; None where it is taken."""
    if result.place != place:
        return f"it is of another place than the token: {result.place[:60]!r}"
    if result.reconstruction:
        return "it is a reconstruction: a place hands in what it found"
    if result.at > now + FUTURE_S:
        return f"{_AHEAD}: {duration_words(int(result.at - now))} ahead of the clock here"
    if result.at < now - OLDEST_S:
        return f"it is older than {OLDEST_S // 86_400} days"
    return None


def _read(line: bytes) -> CheckResult:
    if len(line) > LINE_BYTES:
        raise InputError(f"no result of a check: the line is longer than {LINE_BYTES} bytes")
    try:
        item = orjson.loads(line)
    except ValueError:
        raise InputError("no result of a check: the line is no JSON") from None
    return read_result(item)
