"""A broken rule, and what several entrances need to check theirs."""

from __future__ import annotations

import random
import zlib
from array import array
from collections.abc import Sequence


class WrongError(AssertionError):
    """A rule that does not hold; the text says which, and what was seen."""


def must(condition: object, *said: object) -> None:
    """Raise WrongError unless the condition holds."""
    if not condition:
        raise WrongError(" ".join(str(part) for part in said))


def same(found: object, expected: object, what: str) -> None:
    """Raise WrongError unless two things are equal."""
    if found != expected:
        raise WrongError(f"{what}: {_short(found)} is not {_short(expected)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 1500 else text[:1500] + "…"


def chance(content: bytes) -> random.Random:
    """What is left to chance depends on the input alone, so that it can be played again."""
    return random.Random(zlib.crc32(content))


def exact(content: bytes) -> array[int]:
    """The bytes in memory that ends with them: a reader that goes on behind it is seen by the sanitizer."""
    return array("B", content)


def in_pieces(content: bytes, random_: random.Random) -> list[bytes]:
    """The content cut anywhere; some pieces are empty, some are one byte."""
    number = random_.choice([1, 2, 5, 20])
    cuts = sorted(random_.randint(0, len(content)) for _ in range(number))
    return [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]


def bytewise(content: bytes) -> Sequence[bytes]:
    """Each byte by itself."""
    return [content[at : at + 1] for at in range(len(content))]
