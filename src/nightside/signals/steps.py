"""Step functions as lists: (second, value), each until the next."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeVar

from nightside.checks.spans import Spans

Value = TypeVar("Value")
Steps = list[tuple[int, Value]]


def steps_of(
    spans: Spans, words: Sequence[Value], nothing: Value, begin: int, end: int
) -> list[Steps[Value]]:
    """Of each key from 0 on, the steps within [begin, end), to the second; `nothing` where there is no span.

    There are as many as the highest key says.
    """
    found: list[Steps[Value]] = []
    rows = zip(
        spans.key.tolist(),
        (spans.begin // 1000).tolist(),
        (spans.end // 1000).tolist(),
        spans.value.tolist(),
        strict=True,
    )
    for key, first, last, value in rows:
        while len(found) <= key:
            found.append([(begin, nothing)])
        if last <= begin or first >= end:
            continue
        mine = found[key]
        add(mine, max(first, begin), words[value])
        if last < end:
            add(mine, last, nothing)
    return found


def add(steps: Steps[Value], second: int, value: Value) -> None:
    """The value from this second on; seconds never go back."""
    if steps and steps[-1][0] == second:
        steps.pop()
    if not steps or steps[-1][1] != value:
        steps.append((second, value))


def value_at(steps: Steps[Value], second: int) -> Value:
    """What holds at a second; the first value where it is before all."""
    return steps[max(0, bisect_right(steps, second, key=lambda step: step[0]) - 1)][1]


def cropped(steps: Steps[Value], begin: int, end: int) -> Steps[Value]:
    """What of it lies in [begin, end); its first step stands at `begin`."""
    if not steps:
        return []
    return [(begin, value_at(steps, begin)), *(step for step in steps if begin < step[0] < end)]


def pieces(steps: Steps[Value], begin: int, end: int) -> list[tuple[int, int, Value]]:
    """(begin, end, value) without holes from `begin` to `end`."""
    inside = cropped(steps, begin, end)
    ends = [*(second for second, _ in inside[1:]), end]
    return [(first, last, value) for (first, value), last in zip(inside, ends, strict=True)]
