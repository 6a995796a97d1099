"""The committed inputs: small files that the grammar has made, one for each type, subtype, attribute and error."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from pathlib import Path

from fuzz import bgp, inputs, mrt
from fuzz.entrances import ENTRANCES
from fuzz.fields import Bytes, Group, content_of

from nightside.model.errors import NotMrtError
from nightside.wire.decoder import Decoder

HERE = Path(__file__).resolve().parent
CORPUS, REGRESSIONS = HERE / "corpus", HERE / "regressions"
_LONGEST = 2000
_EACH = 12


def committed() -> Iterator[tuple[str, bytes]]:
    """Entrance and content of every committed input, the regressions too."""
    for folder in (CORPUS, REGRESSIONS):
        for path in sorted(folder.glob("*/*")):
            yield path.parent.name, path.read_bytes()


def _one_of_each(random_: random.Random) -> Iterator[tuple[str, bytes]]:
    """A sound file for every type and subtype, and for every attribute."""
    table = content_of(mrt.peer_table(random.Random("a table of four")))
    seen: set[tuple[int, int]] = set()
    for _ in range(3000):
        content = content_of(random_.choice(mrt.KINDS)(random_))
        kind, subtype = int.from_bytes(content[4:6], "big"), int.from_bytes(content[6:8], "big")
        known = (kind, subtype if kind in (5, 12, 13, 16, 17) else 0)
        if known not in seen and len(content) > 30:
            seen.add(known)
            yield f"type-{kind}-{subtype}", (table if kind == 13 and subtype != 1 else b"") + content
    for kind in bgp.KINDS:
        for width in (2, 4):
            parts = [bgp.plain_attribute(random_, one, width) for one in dict.fromkeys((1, 2, 3, kind))]
            block = Group("attributes", list(parts))
            message = bgp.message(
                bgp.UPDATE, [Bytes(b"\0\0"), *_block(block), bgp.prefix(random_, 4), bgp.prefix(random_, 4)]
            )
            session = (65001).to_bytes(width, "big") + (12654).to_bytes(width, "big")
            body = [Bytes(session + b"\0\0\0\1" + b"\xc0\0\2\1" + b"\xc0\0\2\2"), message]
            yield f"attribute-{kind}-{width}", content_of(mrt.record(16, 1 if width == 2 else 4, list(body)))


def _block(block: Group) -> list[Bytes]:
    content = content_of(block)
    return [Bytes(len(content).to_bytes(2, "big") + content)]


def _one_of_each_error() -> Iterator[tuple[str, bytes]]:
    """A file for every word that the decoder has for what is wrong."""
    seen: set[str] = set()
    for number in range(4000):
        content = inputs.made("mrt", 2, number)
        if len(content) > _LONGEST // 2:
            continue
        decoder = Decoder(1)
        decoder.start()
        try:
            for _ in decoder.feed(content):
                pass
            for _ in decoder.finish():
                pass
            words = {re.sub(r"\d+", "N", skip.reason) for skip in decoder.skipped}
        except NotMrtError:
            words = {"no MRT"}
        if words - seen:
            seen |= words
            yield f"error-{number}", content


def write() -> int:
    """Write all files of the corpus that are not there; those of an older grammar stay."""
    made: list[tuple[str, str, bytes]] = []
    made += [("mrt", name, content) for name, content in _one_of_each(random.Random("the corpus"))]
    made += [("mrt", name, content) for name, content in _one_of_each_error()]
    for entrance in ENTRANCES:
        if entrance in ("mrt", "state"):
            continue
        numbers = (n for n in range(1000) if len(inputs.made(entrance, 3, n)) < _LONGEST)
        made += [
            (entrance, f"made-{n}", inputs.made(entrance, 3, n))
            for n, _ in zip(numbers, range(_EACH), strict=False)
        ]
    known = {hashlib.sha1(content).digest() for _, content in committed()}
    written = 0
    for entrance, name, content in made:
        if hashlib.sha1(content).digest() in known:
            continue
        known.add(hashlib.sha1(content).digest())
        path = CORPUS / entrance / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written += len(content)
    print(f"{written} bytes written to {CORPUS.relative_to(HERE.parent)}")
    return 0
