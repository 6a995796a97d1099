"""How rules tell of instants and durations."""

from __future__ import annotations

from collections.abc import Sequence

from nightside.model.instants import duration_words, iso

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def when(second: int) -> str:
    """`16:15:00 UTC on 22 December 2014`, as all other words have it, and whatever the machine's language."""
    text = iso(second)
    return f"{text[11:19]} UTC on {int(text[8:10])} {MONTHS[int(text[5:7]) - 1]} {text[:4]}"


def lasting(seconds: int) -> str:
    """A duration; below ten minutes to the second."""
    minutes, rest = divmod(seconds, 60)
    if 0 < minutes < 10 and rest:
        return f"{counted(minutes, 'minute')} {counted(rest, 'second')}"
    return duration_words(seconds)


def within(seconds: int) -> str:
    """`within 24 seconds`, `in the same second`."""
    return "in the same second" if seconds == 0 else f"within {lasting(seconds)}"


def counted(number: int, word: str, words: str | None = None) -> str:
    """`1 network`, `4 networks`."""
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def inner_spread(instants: Sequence[int]) -> tuple[int, int]:
    """From when to when the middle eight tenths of these (sorted) lie; of ten or fewer, all."""
    aside = len(instants) // 10 if len(instants) > 10 else 0
    return instants[aside], instants[len(instants) - 1 - aside]
