"""Files through a reader: errors, what is told; elements as Arrow batches."""

from __future__ import annotations

import gzip
import struct
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from nightside.model.elements import Skip
from nightside.model.errors import InputError, NotMrtError
from nightside.sources.arrow import SCHEMA, element_batches
from nightside.sources.layout import InputFile
from nightside.sources.reading import Listener

TIME = 1419264900
SESSION = struct.pack("!IIHH", 65001, 12654, 0, 1) + b"\xc0\0\2\1" + b"\xc0\0\2\xfe"
PATH = b"\x40\x02\x0a\x02\x02" + struct.pack("!II", 65001, 4837)


def record(subtype: int, body: bytes) -> bytes:
    return struct.pack("!IHHI", TIME, 16, subtype, len(SESSION + body)) + SESSION + body


def update(withdrawn: bytes = b"", attributes: bytes = b"", nlri: bytes = b"") -> bytes:
    body = struct.pack("!H", len(withdrawn)) + withdrawn
    body += struct.pack("!H", len(attributes)) + attributes + nlri
    return record(4, b"\xff" * 16 + struct.pack("!HB", 19 + len(body), 2) + body)


STATE = record(5, struct.pack("!HH", 6, 1))
ANNOUNCE = update(b"", PATH, b"\x18\xaf\x2d\xb0" + b"\x16\xaf\x2d\xb3")
WITHDRAW = update(b"\x18\xaf\x2d\xb0")
ALONE = update(b"", b"\x40\x02\x06\x02\x01" + struct.pack("!I", 0), b"\0")
END_OF_RIB = update()


def test_elements_in_words(tmp_path: Path) -> None:
    path = tmp_path / "rrc00.updates.20141222.1615.gz"
    path.write_bytes(gzip.compress(STATE + ANNOUNCE + WITHDRAW + ALONE + END_OF_RIB))
    table = element_batches([path]).read_all()
    assert table.schema == SCHEMA
    table.validate(full=True)
    rows = table.to_pylist()
    same = {
        "time": datetime(2014, 12, 22, 16, 15, tzinfo=UTC),
        "collector": "rrc00",
        "peer_address": "192.0.2.1",
        "peer_asn": 65001,
        "file": path.name,
    }
    assert all(same.items() <= row.items() for row in rows)
    words = ("kind", "family", "prefix", "origin", "upstream", "path", "old_state", "new_state")
    assert [tuple(row[word] for word in words) for row in rows] == [
        ("state", None, None, None, None, None, 6, 1),
        ("announce", 4, "175.45.176.0/24", 4837, 65001, [65001, 4837], None, None),
        ("announce", 4, "175.45.176.0/22", 4837, 65001, [65001, 4837], None, None),
        ("withdraw", 4, "175.45.176.0/24", None, None, None, None, None),
        ("announce", 4, "0.0.0.0/0", 0, None, [0], None, None),
        ("end_of_rib", 4, None, None, None, None, None, None),
    ]
    ends = [0, len(STATE), len(STATE), len(STATE + ANNOUNCE), len(STATE + ANNOUNCE + WITHDRAW)]
    assert [row["offset"] for row in rows[:5]] == ends


@pytest.mark.parametrize(
    ("subtype", "path_ids", "local"),
    [(4, [None], False), (9, [4294967295, 0], False), (7, [None], True), (11, [4294967295, 0], True)],
)
def test_path_identifiers_and_whose_message_it_was(
    tmp_path: Path, subtype: int, path_ids: list[int | None], local: bool
) -> None:
    prefix = b"\x18\xaf\x2d\xb0"
    nlri = b"".join((b"" if path_id is None else struct.pack("!I", path_id)) + prefix for path_id in path_ids)
    record = bytearray(update(nlri, PATH))
    record[6:8] = struct.pack("!H", subtype)
    path = tmp_path / "some.mrt"
    path.write_bytes(record)
    rows = element_batches([path]).read_all().to_pylist()
    assert [(row["prefix"], row["path_id"], row["local"]) for row in rows] == [
        ("175.45.176.0/24", path_id, local) for path_id in path_ids
    ]


def test_a_prefix_text_is_the_shortest(tmp_path: Path) -> None:
    nlri = b"\x40\x20\x01\x0d\xb8\0\0\0\1" + b"\x80" + bytes(10) + b"\xff\xff\xc0\0\2\1" + b"\0"
    reach = b"\0\2\1\x10" + bytes(16) + b"\0" + nlri
    path = tmp_path / "some.mrt"
    path.write_bytes(update(b"", PATH + b"\x80\x0e" + bytes([len(reach)]) + reach))
    column = element_batches([path]).read_all()["prefix"].to_pylist()
    assert column == ["2001:db8:0:1::/64", "::ffff:192.0.2.1/128", "::/0"]


class Heard:
    """Everything a listener is told."""

    def __init__(self) -> None:
        self.skips: list[tuple[str, Skip]] = []
        self.refused: list[tuple[str, str]] = []
        self.records: list[int] = []
        self.bytes = 0

    def listener(self) -> Listener:
        def skip(file: InputFile, what: Skip) -> None:
            self.skips.append((file.name, what))

        def refuse(file: InputFile, error: InputError) -> None:
            self.refused.append((file.name, error.where))

        def advance(done: int) -> None:
            self.bytes += done

        return Listener(skip, refuse, lambda _file, count: self.records.append(count), advance)


def test_a_bad_file_among_good_ones_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.mrt", "b.txt", "c.mrt")]
    for path, data in zip(paths, (STATE, b"some text, no routing data", ANNOUNCE), strict=True):
        path.write_bytes(data)
    heard = Heard()
    assert element_batches(paths, heard.listener()).read_all().num_rows == 3
    assert heard.refused == [("b.txt", f"{paths[1]}: byte 0")]
    assert heard.records == [1, 1]
    assert heard.bytes == sum(path.stat().st_size for path in paths if path.suffix == ".mrt")


def test_a_bad_file_alone_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "b.txt"
    path.write_bytes(b"some text, no routing data")
    with pytest.raises(NotMrtError, match=str(path)):
        element_batches([path]).read_all()


def test_bad_files_only_are_an_error(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.txt", "b.txt")]
    for path in paths:
        path.write_bytes(b"some text, no routing data")
    heard = Heard()
    with pytest.raises(InputError, match="none of the 2 files"):
        element_batches(paths, heard.listener()).read_all()
    assert len(heard.refused) == 2


def test_a_stream_cut_off_between_records_is_told(tmp_path: Path) -> None:
    path = tmp_path / "some.gz"
    path.write_bytes(gzip.compress(STATE + STATE)[:-8])
    heard = Heard()
    assert element_batches([path], heard.listener()).read_all().num_rows == 2
    ((name, skip),) = heard.skips
    assert (name, skip.offset, skip.count) == ("some.gz", 2 * len(STATE), 0)
    assert "cut off" in skip.reason


def test_a_stream_cut_off_inside_a_record_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "some.gz"
    path.write_bytes(gzip.compress(STATE + STATE[:-1])[:-8])
    heard = Heard()
    assert element_batches([path], heard.listener()).read_all().num_rows == 1
    ((_, skip),) = heard.skips
    assert (skip.offset, skip.count) == (len(STATE), 1)
    assert "cut off" in skip.reason
    assert "ends inside a record" in skip.reason


def test_empty_files_give_an_empty_table_with_all_columns(tmp_path: Path) -> None:
    path = tmp_path / "empty.mrt"
    path.touch()
    assert element_batches([path]).read_all() == pa.Table.from_batches([], SCHEMA)
