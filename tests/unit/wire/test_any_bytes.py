"""Properties: no bytes crash the readers, and where a piece ends makes no difference."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightside.model.errors import NotMrtError
from nightside.wire.decoder import Decoder
from nightside.wire.lines import Lines


def changed(data: bytes, draw: Any) -> bytes:
    """The bytes with a few of them overwritten, taken out, put in, and the end cut off."""
    bytes_ = bytearray(data)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(bytes_)))
        bytes_[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(bytes_[: draw(st.integers(0, len(bytes_)))] if draw(st.booleans()) else bytes_)


def in_pieces(data: bytes, draw: Any) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def lines_of(pieces: list[bytes]) -> tuple[bytes, Any]:
    lines = Lines()
    lines.start("some.mrt")
    text = b"".join(chunk for piece in pieces for chunk in lines.feed(piece))
    return text + b"".join(lines.finish()), lines.skipped


@given(st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_pieces_make_no_difference_whatever_the_bytes(one_of_each: bytes, decode: Any, data: Any) -> None:
    content = changed(one_of_each, data.draw)
    pieces = in_pieces(content, data.draw)
    try:
        whole = decode(content)
    except NotMrtError:
        for refused in (
            lambda: decode(content, pieces),
            lambda: lines_of([content]),
            lambda: lines_of(pieces),
        ):
            try:
                refused()
            except NotMrtError:
                continue
            raise AssertionError("refused whole, but taken in pieces, or as lines") from None
        return
    capacity = data.draw(st.sampled_from([1, 2, 65536]))
    assert decode(content, pieces, Decoder(capacity)) == whole
    assert decode(content, [content[i : i + 1] for i in range(len(content))]) == whole
    assert lines_of(pieces) == lines_of([content])


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_rubbish_behind_a_sound_record(one_of_each: bytes, decode: Any, rubbish: bytes) -> None:
    reading = decode(one_of_each + rubbish)
    sound = decode(one_of_each)
    assert reading.rows[: len(sound.rows)] == sound.rows
    for skip in reading.skipped:
        assert 0 <= skip.offset < len(one_of_each) + len(rubbish)


def test_one_of_each_is_sound(one_of_each: bytes, decode: Any) -> None:
    reading = decode(one_of_each)
    assert [skip.reason for skip in reading.skipped] == ["MRT type 9 is not read"]
    assert reading.records == 15
    assert len(reading.rows) == 4 + 2 + 2 + 3 + 1 + 2 + 1 + 1 + 1
