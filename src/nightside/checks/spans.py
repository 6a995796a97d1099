"""Stretches of time of many keys at once, as columns: joined, cut and counted without a loop over rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spans:
    """[begin, end) in milliseconds, with a key and a value each; all of one length."""

    key: Int64
    begin: Int64
    end: Int64
    value: Int64

    def __len__(self) -> int:
        return len(self.key)

    def where(self, chosen: Bool) -> Spans:
        """Some of them."""
        return Spans(self.key[chosen], self.begin[chosen], self.end[chosen], self.value[chosen])

    def keyed(self, key_of: Int64) -> Spans:
        """With other keys: `key_of[key]`."""
        return Spans(key_of[self.key], self.begin, self.end, self.value)

    def longer_by(self, ms: int) -> Spans:
        """Each ending later."""
        return Spans(self.key, self.begin, self.end + ms, self.value)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of several kinds of spans hold, as steps: by key, in the order of time."""

    key: Int64
    at: Int64
    counts: Int64
    """One row for each kind of spans."""


def counted(*kinds: Spans) -> Counts:
    """Of each key and kind how many spans hold; a row wherever a span begins or ends."""
    key = np.concatenate([part for spans in kinds for part in (spans.key, spans.key)])
    at = np.concatenate([part for spans in kinds for part in (spans.begin, spans.end)])
    step = np.zeros((len(kinds), len(key)), np.int64)
    position = 0
    for row, spans in enumerate(kinds):
        step[row, position : position + len(spans)] = 1
        step[row, position + len(spans) : position + 2 * len(spans)] = -1
        position += 2 * len(spans)
    order = np.lexsort((at, key))
    key, at = key[order], at[order]
    # What every key begins it also ends, so the sum over all keys is that of one.
    held = np.cumsum(step[:, order], axis=1)
    last = np.ones(len(key), bool)
    last[:-1] = (key[1:] != key[:-1]) | (at[1:] != at[:-1])
    return Counts(key[last], at[last], held[:, last])


def spans_of(counts: Counts, value: Int64) -> Spans:
    """The steps as spans of one value each, joined where the next has the same; the last step of a key is its end."""
    key, at = counts.key, counts.at
    new = np.ones(len(key), bool)
    new[1:] = (key[1:] != key[:-1]) | (value[1:] != value[:-1])
    key, at, value = key[new], at[new], value[new]
    end = np.append(at[1:], 0)
    going_on = np.append(key[1:] == key[:-1], False)[: len(key)]
    end = end[: len(key)]
    return Spans(key[going_on], at[going_on], end[going_on], value[going_on])


def joined(spans: Spans) -> Spans:
    """What any span of a key covers, as spans of value 1 that neither touch nor overlap."""
    counts = counted(_neighbours_joined(spans.where(spans.end > spans.begin)))
    found = spans_of(counts, (counts.counts[0] > 0).astype(np.int64))
    return found.where(found.value == 1)


def _neighbours_joined(spans: Spans) -> Spans:
    """The same cover in few spans, where they come by key and time: the rest is then little."""
    if not len(spans):
        return spans
    key, begin, end = spans.key, spans.begin, spans.end
    new = np.ones(len(key), bool)
    new[1:] = (key[1:] != key[:-1]) | (begin[1:] < begin[:-1]) | (begin[1:] > end[:-1])
    first = np.flatnonzero(new)
    return Spans(key[first], begin[first], np.maximum.reduceat(end, first), spans.value[first])


def within(spans: Spans, group_of: Int64, frames: Spans) -> Spans:
    """What of each span lies in a frame of its group; frames of a group, by key, neither touch nor overlap."""
    found: list[Spans] = []
    for group in np.unique(frames.key):
        frame = frames.where(frames.key == group)
        mine = spans.where(group_of[spans.key] == group)
        first = np.searchsorted(frame.end, mine.begin, "right")
        count = np.maximum(np.searchsorted(frame.begin, mine.end, "left") - first, 0)
        of = np.repeat(np.arange(len(mine)), count)
        nth = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
        at = first[of] + nth
        found.append(
            Spans(
                mine.key[of],
                np.maximum(mine.begin[of], frame.begin[at]),
                np.minimum(mine.end[of], frame.end[at]),
                mine.value[of],
            )
        )
    return concatenated(found)


def holds_at(frames: Spans, key: Int64, at: Int64) -> Bool:
    """Whether a frame of this key holds at this instant."""
    found = np.zeros(len(at), bool)
    for one in np.unique(frames.key):
        frame = frames.where(frames.key == one)
        mine = np.flatnonzero(key == one)
        before = np.searchsorted(frame.begin, at[mine], "right") - 1
        found[mine] = (before >= 0) & (at[mine] < frame.end[np.maximum(before, 0)])
    return found


def concatenated(parts: list[Spans]) -> Spans:
    """One after the other."""
    if not parts:
        return Spans(*(np.zeros(0, np.int64) for _ in range(4)))
    return Spans(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("key", "begin", "end", "value"))
    )
