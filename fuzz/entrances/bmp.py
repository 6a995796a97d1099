"""What a router sends by BMP: to MRT records, and on into the decoder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuzz.bmp import NOW_US
from fuzz.entrances import mrt
from fuzz.rules import bytewise, chance, exact, in_pieces, must, same

from nightside.wire.bmp import Bmp


def fed(pieces: Iterable[bytes], most_peers: int = 4096) -> tuple[bytes, Any]:
    """The records that are made, and all that is told beside them."""
    router = Bmp(0, most_peers=most_peers)
    made = b"".join([router.feed(exact(piece), NOW_US) for piece in pieces])
    told = (router.counts, router.skipped, router.broken, router.system_name, router.terminated)
    return made, told


def enter(content: bytes) -> None:
    """All rules for one conversation."""
    random_ = chance(content)
    most = random_.choice([1, 2, 4096])
    made, told = fed([content], most)
    same(fed(in_pieces(content, random_), most), (made, told), "in pieces")
    if len(content) <= mrt.LONGEST_CHECKED:
        same(fed(bytewise(content), most), (made, told), "byte by byte")
    counts, skipped, broken, *_ = told
    at = messages = 0
    while len(content) - at >= 6 and content[at] == 3:
        size = int.from_bytes(content[at + 1 : at + 5], "big")
        if not 6 <= size <= len(content) - at:
            break
        at += size
        messages += 1
    same(counts["messages"], messages, "messages")
    for skip in skipped:
        must(0 <= skip.offset < at, skip, "of", at, "bytes in whole messages")
    if broken is None:
        # What is left is the begin of a message that has not come whole.
        must(
            len(content) == at or content[at] == 3, "no message begins at byte", at, "and the stream goes on"
        )
    else:
        must(broken.startswith(f"byte {at}: "), "broken:", broken, "and whole messages end at byte", at)
    same(fed([content[:at]], most)[0], made, "records without what is left")
    if made:
        reading = mrt.read(made, [made])
        must(not isinstance(reading, str), "what is made is no MRT:", reading)
        assert isinstance(reading, mrt.Reading)
        must(not reading.truncated, "what is made is cut off")
        must(reading.records <= messages, reading.records, "records of", messages, "messages")
        must(len(made) <= len(content) + 20 * messages, len(made), "bytes made of", len(content))
