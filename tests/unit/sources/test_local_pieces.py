"""The bytes of one file: packed or not, whole or not."""

from __future__ import annotations

import bz2
import errno
import gzip
import hashlib
import os
import random
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from nightside.model.errors import UnreadableError
from nightside.sources.local import PIECE_BYTES, SLICE_BYTES, open_hashed, open_pieces
from nightside.sources.packing import packing_of
from nightside.sources.wholeness import Wholeness

# Half of it does not shrink, so that the packed file has several slices; half shrinks well, so that one slice
# gives several pieces.
CONTENT = random.Random(7).randbytes(300_000) + bytes(5_000_000)

Pack = Callable[[bytes], bytes]
packed_both_ways = pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])


def write(folder: Path, data: bytes) -> Path:
    path = folder / "some file"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_content_in_pieces_with_digest_and_progress(tmp_path: Path, pack: Pack) -> None:
    data = pack(CONTENT)
    pieces = open_hashed(write(tmp_path, data))
    read = list(pieces)
    assert b"".join(read) == CONTENT
    assert max(map(len, read)) <= PIECE_BYTES
    assert pieces.truncated is None
    assert pieces.bytes_read == len(data)
    assert pieces.sha256 == hashlib.sha256(data).hexdigest()


def test_empty_file(tmp_path: Path) -> None:
    pieces = open_hashed(write(tmp_path, b""))
    assert list(pieces) == []
    assert pieces.truncated is None
    assert pieces.sha256 == hashlib.sha256(b"").hexdigest()


def test_packing_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "updates.gz"
    # A plain record of 2005-04-11: its time is spelt BZh1.
    path.write_bytes(b"BZh1\0\x10\0\4\0\0\0\0")
    assert b"".join(open_pieces(path)) == path.read_bytes()


@packed_both_ways
@pytest.mark.parametrize("padding", [b"", bytes(512)])
def test_several_streams_and_padding(tmp_path: Path, pack: Pack, padding: bytes) -> None:
    data = b"".join(pack(CONTENT[i : i + 100_000]) for i in range(0, len(CONTENT), 100_000))
    pieces = open_pieces(write(tmp_path, data + padding))
    assert b"".join(pieces) == CONTENT
    assert pieces.truncated is None


@packed_both_ways
def test_what_stands_behind_a_stream_and_is_none(tmp_path: Path, pack: Pack) -> None:
    data = pack(CONTENT)
    pieces = open_hashed(write(tmp_path, data + b"more"))
    assert b"".join(pieces) == CONTENT
    assert pieces.truncated is not None
    assert f"byte {len(data)}" in pieces.truncated
    assert pieces.sha256 == hashlib.sha256(data + b"more").hexdigest()


@packed_both_ways
@pytest.mark.parametrize("kept", [1, 2, 5, 20, 150_000, 295_000, -1, -9])
def test_stream_cut_off_gives_what_came_before(tmp_path: Path, pack: Pack, kept: int) -> None:
    data = pack(CONTENT)[:kept]
    pieces = open_pieces(write(tmp_path, data))
    read = b"".join(pieces)
    assert CONTENT.startswith(read)
    assert pieces.truncated is not None
    assert f"cut off at byte {len(data)}" in pieces.truncated
    if pack is gzip.compress and kept == 150_000:
        assert len(read) > 149_000  # these bytes do not shrink


def test_broken_gzip_stream_gives_what_came_before(tmp_path: Path) -> None:
    # Stored blocks (RFC 1951 section 3.2.4), and then one of the type that is not allowed.
    blocks = [CONTENT[i : i + 50_000] for i in range(0, 150_000, 50_000)]
    stored = b"".join(struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF) + block for block in blocks)
    data = b"\x1f\x8b\x08" + bytes(7) + stored + b"\x07" + CONTENT[150_000:250_000]
    pieces = open_hashed(write(tmp_path, data))
    assert b"".join(pieces) == CONTENT[:150_000]
    assert pieces.truncated is not None
    assert "the gzip stream is broken" in pieces.truncated
    assert pieces.sha256 == hashlib.sha256(data).hexdigest()


@packed_both_ways
def test_wrong_checksum_at_the_end_is_told_and_the_content_given(tmp_path: Path, pack: Pack) -> None:
    data = bytearray(pack(CONTENT))
    data[-6] ^= 0xFF
    pieces = open_pieces(write(tmp_path, bytes(data)))
    assert b"".join(pieces) == CONTENT
    assert pieces.truncated is not None


def test_digest_without_reading_the_content(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(CONTENT))
    assert open_hashed(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_not_asked_to_be_hashed_imports_nothing_that_hashes(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(CONTENT))
    script = (
        "import sys; from pathlib import Path; from nightside.sources.local import open_pieces;"
        "print(sum(map(len, open_pieces(Path(sys.argv[1])))), 'hashlib' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [str(len(CONTENT)), "False"]


# Small enough that it can be cut off everywhere, with several streams.
SMALL = [random.Random(8).randbytes(40), b"night" * 60, b"", bytes(3000)]


@packed_both_ways
def test_cut_off_at_every_byte(tmp_path: Path, pack: Pack) -> None:
    data = b"".join(map(pack, SMALL))
    content = b"".join(SMALL)
    ends = [len(b"".join(map(pack, SMALL[: n + 1]))) for n in range(len(SMALL))]
    longest = 0
    for kept in range(4, len(data)):  # of three bytes nobody can tell how they are packed
        pieces = open_pieces(write(tmp_path, data[:kept]))
        read = b"".join(pieces)
        assert content.startswith(read)
        assert len(read) >= longest, "a longer file gives less"
        longest = len(read)
        whole = sum(end <= kept for end in ends)
        assert len(read) >= len(b"".join(SMALL[:whole])), "a whole stream is missing"
        assert pieces.truncated == (
            None
            if kept in ends
            else f"the {'gzip' if pack is gzip.compress else 'bzip2'} stream is cut off at byte {kept}"
        )
    assert b"".join(open_pieces(write(tmp_path, data))) == content


@pytest.mark.parametrize("broken_at", [SLICE_BYTES - 1, SLICE_BYTES, SLICE_BYTES + 20_000, 3 * SLICE_BYTES])
def test_stream_that_breaks_anywhere_gives_what_zlib_gives(tmp_path: Path, broken_at: int) -> None:
    data = bytearray(gzip.compress(random.Random(9).randbytes(400_000) + bytes(5_000_000), 6))
    data[broken_at : broken_at + 64] = b"\xff" * 64
    oracle, expected = zlib.decompressobj(31), bytearray()
    for byte in data:
        try:
            expected += oracle.decompress(bytes((byte,)))
        except zlib.error:
            break
    pieces = open_pieces(write(tmp_path, bytes(data)))
    read = b"".join(pieces)
    # Where the checksum tells at last, both have all; else they may see it some bytes apart.
    assert read.startswith(expected[: len(expected) - 300])
    assert pieces.truncated is not None


def test_missing_file_and_folder_are_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(UnreadableError) as caught:
            open_pieces(path)
        assert caught.value.where == str(path)
        assert caught.value.exit_code == 3


def test_file_without_permission_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)  # to root, everything is permitted
    with pytest.raises(UnreadableError, match="Permission denied"):
        open_pieces(tmp_path / "some file")


def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = gzip.compress(CONTENT)
    writer = threading.Thread(target=lambda: path.write_bytes(data))
    writer.start()
    assert b"".join(open_pieces(path)) == CONTENT
    writer.join()


def gzip_with(extra: bytes | None, name: bytes | None, comment: bytes | None, checked: bool) -> bytes:
    """A stream with these fields in its header (RFC 1952 section 2.3)."""
    flags = sum(
        bit
        for bit, there in (
            (2, checked),
            (4, extra is not None),
            (8, name is not None),
            (16, comment is not None),
        )
        if there
    )
    head = b"\x1f\x8b\x08" + bytes((flags,)) + bytes(6)
    if extra is not None:
        head += struct.pack("<H", len(extra)) + extra
    head += b"".join(text + b"\0" for text in (name, comment) if text is not None)
    if checked:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    packer = zlib.compressobj(wbits=-15)
    trailer = struct.pack("<II", zlib.crc32(CONTENT), len(CONTENT))
    return head + packer.compress(CONTENT) + packer.flush() + trailer


HEADERS = [
    gzip_with(extra, name, comment, checked)
    for extra in (None, b"", b"BC\x02\0\1\2")
    for name in (None, b"rib")
    for comment in (None, b"a table")
    for checked in (False, True)
]


@pytest.mark.parametrize("data", HEADERS)
def test_every_header_of_gzip_in_pieces_of_a_byte(data: bytes) -> None:
    assert zlib.decompress(data, 31) == CONTENT, "the test's own stream"
    packing = packing_of(data)
    assert packing is not None
    unpacker = packing.begin()
    found = b"".join(unpacker.decompress(data[at : at + 1], PIECE_BYTES) for at in range(60))
    found += unpacker.decompress(data[60:], len(CONTENT))
    assert found == CONTENT
    assert unpacker.eof
    whole = Wholeness("rib.gz")
    for at in range(60):
        whole.feed(data[at : at + 1])
    whole.feed(data[60:])
    assert whole.fault() is None


def test_a_header_that_is_longer_than_a_slice(tmp_path: Path) -> None:
    data = gzip_with(bytes(60_000), b"n" * 100_000, b"c" * 70_000, True)
    pieces = open_pieces(write(tmp_path, data))
    assert b"".join(pieces) == CONTENT
    assert pieces.truncated is None


@pytest.mark.parametrize(("at", "bit"), [(3, 0x20), (3, 0x80), (5, 1), (-5, 1)])
def test_a_header_that_is_wrong_is_told(tmp_path: Path, at: int, bit: int) -> None:
    """Flags that are reserved, or a checksum of the header that is not its own."""
    data = gzip_with(b"", b"rib", None, True)
    head = bytearray(data[:19])
    head[at] ^= bit
    with pytest.raises(zlib.error):
        zlib.decompress(bytes(head) + data[19:], 31)
    pieces = open_pieces(write(tmp_path, bytes(head) + data[19:]))
    assert b"".join(pieces) == b""
    assert pieces.truncated is not None
    assert "the gzip stream is broken" in pieces.truncated
