"""Records as trees of fields, so that one field can be made wrong while all others stay right.

Lengths and counts are worked out when the tree is written, unless one of them has been told what to say.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Number:
    """A number of `width` bytes."""

    value: int
    width: int

    def write(self, written: dict[int, bytes]) -> bytes:
        return (self.value % (1 << 8 * self.width)).to_bytes(self.width, "big")


@dataclass
class Bytes:
    """Bytes without a structure that anybody reads."""

    value: bytes

    def write(self, written: dict[int, bytes]) -> bytes:
        return self.value


@dataclass
class Measure:
    """The number of bytes, or of parts, of another field; `says` where it is not true."""

    width: int
    of: Part
    parts: bool = False
    plus: int = 0
    says: int | None = None

    def true(self, written: dict[int, bytes]) -> int:
        if self.parts and isinstance(self.of, Group):
            return len(self.of.parts) + self.plus
        return len(self.of.write(written)) + self.plus

    def write(self, written: dict[int, bytes]) -> bytes:
        said = self.true(written) if self.says is None else self.says
        return (said % (1 << 8 * self.width)).to_bytes(self.width, "big")


@dataclass
class Group:
    """Fields one behind the other. Groups of one `name` can stand in for each other."""

    name: str
    parts: list[Part] = field(default_factory=list)

    def write(self, written: dict[int, bytes]) -> bytes:
        content = written.get(id(self))
        if content is None:
            content = written[id(self)] = b"".join([part.write(written) for part in self.parts])
        return content


Part = Number | Bytes | Measure | Group


def content_of(part: Part) -> bytes:
    """A field, and all below it, as bytes; what is measured is written once."""
    return part.write({})


def measured(width: int, of: Part, *, parts: bool = False, plus: int = 0) -> list[Part]:
    """A field with its measure before it."""
    return [Measure(width, of, parts, plus), of]


def numbers(values: Sequence[int], width: int) -> list[Part]:
    """A number each."""
    return [Number(value, width) for value in values]


def walk(group: Group) -> Iterator[tuple[Group, int]]:
    """Every field below, as its group and its place there."""
    for at, part in enumerate(group.parts):
        yield group, at
        if isinstance(part, Group):
            yield from walk(part)


def _odd(random_: random.Random, true: int, width: int) -> int:
    """Something else than what is true: one off, doubled, an edge, or anything."""
    top = (1 << 8 * width) - 1
    near = [true - 1, true + 1, true - 2, true + 2, 2 * true, true + 256, true - 256]
    edges = [0, 1, 2, 3, 127, 128, 255, top, top - 1, top // 2, random_.randint(0, top)]
    return random_.choice(near + edges)


def _wrong_value(random_: random.Random, group: Group, at: int) -> None:
    part = group.parts[at]
    if isinstance(part, Number):
        part.value = _odd(random_, part.value, part.width)
    elif isinstance(part, Measure):
        part.says = _odd(random_, part.true({}), part.width)
    elif isinstance(part, Bytes):
        group.parts[at] = Bytes(cut_or_changed(random_, part.value))
    else:
        random_.shuffle(part.parts)


def _drop(random_: random.Random, group: Group, at: int) -> None:
    del group.parts[at]


def _repeat(random_: random.Random, group: Group, at: int) -> None:
    group.parts[at:at] = [group.parts[at]] * random_.choice([1, 1, 2, 3, 40])


def _swap(random_: random.Random, group: Group, at: int) -> None:
    other = random_.randrange(len(group.parts))
    group.parts[at], group.parts[other] = group.parts[other], group.parts[at]


def _cut(random_: random.Random, group: Group, at: int) -> None:
    content = content_of(group.parts[at])
    group.parts[at] = Bytes(content[: random_.randint(0, len(content))])


def _grow(random_: random.Random, group: Group, at: int) -> None:
    group.parts.insert(at, Bytes(random_.randbytes(random_.choice([1, 1, 2, 3, 4, 8, 64]))))


_WAYS: list[Callable[[random.Random, Group, int], None]] = [
    *([_wrong_value] * 5),
    _drop,
    _repeat,
    _swap,
    _cut,
    _grow,
]


def mutate(random_: random.Random, tree: Group, others: Sequence[Group], times: int) -> None:
    """Make so many fields of a tree wrong, in place; what stands in for a group comes from the `others`."""
    for _ in range(times):
        places = list(walk(tree))
        if not places:
            return
        group, at = random_.choice(places)
        part = group.parts[at]
        if isinstance(part, Group) and others and random_.random() < 0.3:
            alike = [
                g.parts[i]
                for g, i in walk(random_.choice(others))
                if isinstance(g.parts[i], Group) and (random_.random() < 0.2 or g.parts[i].name == part.name)
            ]
            if alike:
                # As bytes: a field must not come to stand inside itself.
                part.parts = [Bytes(content_of(random_.choice(alike)))]
                continue
        random_.choice(_WAYS)(random_, group, at)


def cut_or_changed(random_: random.Random, content: bytes) -> bytes:
    """Bytes with some overwritten, left out or put in, or the end cut off."""
    changed = bytearray(content)
    for _ in range(random_.choice([1, 1, 1, 2, 3, 8])):
        at = random_.randint(0, len(changed))
        what = random_.random()
        if what < 0.4 and at < len(changed):
            changed[at] = random_.choice([0, 1, 2, 0x7F, 0x80, 0xFF, random_.randrange(256), changed[at] ^ 1])
        elif what < 0.6:
            changed[at:at] = random_.randbytes(random_.randint(1, 4))
        elif what < 0.8:
            del changed[at : at + random_.randint(1, 4)]
        elif what < 0.9:
            del changed[at:]
        elif changed:
            end = min(len(changed), at + random_.randint(1, 64))
            changed[at:at] = changed[at:end]
    return bytes(changed)
