"""One BGP message, of which is asked how wide its AS numbers are."""

from __future__ import annotations

from fuzz.rules import exact, must, same

from nightside.wire.as_width import has_narrow_path


def enter(content: bytes) -> None:
    """All rules for one message."""
    narrow = has_narrow_path(exact(content))
    must(narrow in (False, True), "neither yes nor no:", narrow)
    same(has_narrow_path(memoryview(content)), narrow, "the same bytes again")
    if narrow:
        must(len(content) >= 23 and content[18] == 2, "an AS_PATH in what is no UPDATE")
        size = int.from_bytes(content[16:18], "big")
        same(has_narrow_path(exact(content[:size])), True, "without what stands behind the message")
        same(has_narrow_path(exact(content + b"\xff\xff")), True, "with more behind the message")
    for cut in {len(content) // 2, len(content) - 1} - {-1}:
        has_narrow_path(exact(content[:cut]))
