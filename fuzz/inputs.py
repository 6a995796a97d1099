"""The inputs of each entrance: the same for the same seed and number, on every machine."""

from __future__ import annotations

import random
from collections.abc import Callable

from fuzz import bgp, bmp, mrt, said
from fuzz.fields import Group, content_of, cut_or_changed, mutate


def _mutations(random_: random.Random) -> int:
    """How many fields are made wrong; a tenth of all inputs is sound."""
    return random_.choice([0, 1, 1, 1, 1, 1, 2, 2, 3, 6])


def _of_trees(random_: random.Random, trees: list[Group]) -> list[bytes]:
    others = list(trees)
    for _ in range(_mutations(random_)):
        mutate(random_, random_.choice(trees), others, 1)
    return [content_of(tree) for tree in trees]


def mrt_file(random_: random.Random) -> bytes:
    """Records of a file, some wrong."""
    parts = _of_trees(random_, mrt.records(random_))
    content = mrt.spliced(random_, parts) if random_.random() < 0.3 else b"".join(parts)
    if random_.random() < 0.15:
        content = cut_or_changed(random_, content)
    return content


def bmp_stream(random_: random.Random) -> bytes:
    """What a router sends, some of it wrong."""
    content = b"".join(_of_trees(random_, bmp.messages(random_)))
    return cut_or_changed(random_, content) if random_.random() < 0.1 else content


def bgp_message(random_: random.Random) -> bytes:
    """One BGP message."""
    return b"".join(_of_trees(random_, [bgp.any_message(random_, random_.choice([2, 2, 4]))]))


def ris_frames(random_: random.Random) -> bytes:
    """Frames, one a line."""
    frames = []
    for _ in range(random_.randint(1, 6)):
        frame = said.frame(random_)
        said.mutate(random_, frame, _mutations(random_))
        line = said.written(random_, frame)
        frames.append(cut_or_changed(random_, line) if random_.random() < 0.1 else line)
    return b"\n".join(frames)


def ripestat_answer(random_: random.Random) -> bytes:
    """One answer."""
    answer = said.answer(random_)
    said.mutate(random_, answer, _mutations(random_))
    content = said.written(random_, answer)
    return cut_or_changed(random_, content) if random_.random() < 0.05 else content


def packed_file(random_: random.Random) -> bytes:
    """A packed file: sound, cut, or broken."""
    content = b"".join(content_of(tree) for tree in mrt.records(random_))
    if random_.random() < 0.05:
        content = bytes(random_.choice([100_000, 5_000_000]))
    packed = said.packed(random_, content)
    what = random_.random()
    if what < 0.35:
        return packed[: random_.randint(0, len(packed))]
    return cut_or_changed(random_, packed) if what < 0.85 else packed


MAKERS: dict[str, Callable[[random.Random], bytes]] = {
    "mrt": mrt_file,
    "state": mrt_file,
    "bmp": bmp_stream,
    "message": bgp_message,
    "frames": ris_frames,
    "answer": ripestat_answer,
    "packed": packed_file,
}


def made(entrance: str, seed: int, number: int) -> bytes:
    """The input of this number."""
    return MAKERS[entrance](random.Random(f"{entrance} {seed} {number}"))
