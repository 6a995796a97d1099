"""Bad input: one clear message that names file and byte, the exit code of the contract, and no false outage."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(500)
TEXT = b"Not a word of this text is a record of MRT; it is prose.\n" * 20
DAY = "rrc01/2014.12"
TABLE = f"{DAY}/bview.20141222.1600.gz"
UPDATES = f"{DAY}/updates.20141222.1610.gz"
NARROW = ("--country", "KP", "--json")


@pytest.fixture(scope="module")
def unharmed(december: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16:00 to 17:00 on the 22nd as three collectors tell it; the outage begins at 16:15."""
    folder = tmp_path_factory.mktemp("unharmed") / "archive"
    for path in sorted(december.rglob("*20141222.16*.gz")):
        copy = folder / path.relative_to(december)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return folder


@pytest.fixture(scope="module")
def whole(unharmed: Path, nightside: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a replay of the unharmed folder prints, of all countries."""
    return nightside("replay", unharmed, "--json", "--store", tmp_path_factory.mktemp("store"))


@pytest.fixture
def small(unharmed: Path, tmp_path: Path) -> Path:
    """A copy of the folder to be harmed."""
    return Path(shutil.copytree(unharmed, tmp_path / "archive"))


def refused(ran: Any, code: int, *words: str) -> None:
    """One error of one or two lines with these words in it, and nothing on standard output."""
    assert (ran.code, ran.out) == (code, ""), ran.err
    lines = [line for line in ran.messages if not line.startswith("nightside: warning: ")]
    assert 1 <= len(lines) <= 2, ran.err
    assert lines[0].startswith("nightside: ")
    for word in words:
        assert word in lines[0], ran.err


@pytest.mark.parametrize(
    ("name", "content"), [("x.png", PNG), ("x.txt", TEXT), ("updates.20141222.1610.gz", PNG)]
)
def test_a_file_that_is_no_mrt(name: str, content: bytes, quick: Any, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    ran = quick("replay", path)
    refused(ran, 3, f"{path}: byte 0: not an MRT file")
    assert "warning" not in ran.err


def test_text_that_is_packed_is_no_mrt(quick: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(TEXT))
    refused(quick("replay", path), 3, f"{path}: byte 0: not an MRT file")


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["of no bytes", "packed"])
def test_an_empty_file(content: bytes, quick: Any, tmp_path: Path) -> None:
    path = tmp_path / "empty.gz"
    path.write_bytes(content)
    refused(quick("replay", path), 3, str(path), "no MRT record")


def test_several_empty_files(quick: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"")
    refused(quick("replay", tmp_path / "a", tmp_path / "b"), 3, "none of the 2 files holds MRT records")


def test_an_empty_folder(quick: Any, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    refused(quick("replay", tmp_path / "folder"), 3, f"{tmp_path / 'folder'}: no MRT files")


def test_a_folder_without_mrt_files(quick: Any, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "readme.txt").write_bytes(TEXT)
    refused(quick("replay", tmp_path / "folder"), 3, f"{tmp_path / 'folder'}: no MRT files")


def test_a_folder_whose_only_file_is_no_mrt(quick: Any, tmp_path: Path) -> None:
    path = tmp_path / "archive" / UPDATES
    path.parent.mkdir(parents=True)
    path.write_bytes(PNG)
    refused(quick("replay", tmp_path / "archive"), 3, f"{path}: byte 0: not an MRT file")


def test_a_folder_whose_files_are_all_no_mrt(quick: Any, tmp_path: Path) -> None:
    for name in (UPDATES, TABLE):
        path = tmp_path / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    ran = quick("replay", tmp_path / "archive")
    refused(ran, 3, "none of the 2 files holds MRT records")
    assert ran.err.count("byte 0: not an MRT file") == 2


@pytest.mark.parametrize("make", ["nothing", "dangling"])
def test_a_file_that_cannot_be_read(make: str, quick: Any, tmp_path: Path) -> None:
    path = tmp_path / "updates.20141222.1610.gz"
    if make == "dangling":
        path.symlink_to(tmp_path / "gone")
    refused(quick("replay", path), 3, f"{path}: cannot be read: No such file")


def test_a_link_to_nowhere_in_a_folder_alone(quick: Any, tmp_path: Path) -> None:
    path = tmp_path / "archive" / UPDATES
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "gone")
    refused(quick("replay", tmp_path / "archive"), 3, f"{path}: cannot be read: No such file")
    refused(quick("networks", "KP", tmp_path / "archive", store=False), 3, f"{path}: cannot be read")


def test_updates_alone_tell_nothing(small: Path, quick: Any) -> None:
    refused(quick("replay", small / UPDATES), 3, "no table and no table transfer")
    refused(quick("networks", "KP", small / UPDATES, store=False), 3, "no table and no table transfer")


def test_networks_without_an_input(quick: Any) -> None:
    refused(quick("networks", "KP", store=False), 3, "no routing data given")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--country", "XX"), "no country has the code 'XX'"),
        (("--from", "2014-12-24", "--to", "2014-12-22"), "--from 2014-12-24T00:00:00Z is not before --to"),
        (("--from", "2014-12-22", "--to", "2014-12-22"), "is not before --to"),
        (("--from", "yesterday"), "not a time: 'yesterday'"),
        (("--to", "2014-13-01"), "not a time: '2014-13-01'"),
    ],
)
def test_wrong_words(words: tuple[str, ...], said: str, december: Path, quick: Any) -> None:
    refused(quick("replay", december, *words), 2, said)


def test_an_unknown_country_or_time_for_networks(december: Path, quick: Any) -> None:
    refused(quick("networks", "North Korea", december, store=False), 2, "no country has the code")
    refused(quick("networks", "KP", december, "--at", "noon", store=False), 2, "not a time")


@pytest.mark.parametrize(
    "words", [("replay", "x", "--frum", "y"), ("replay",), ("replay", "x", "--asn", "many"), ("replai", "x")]
)
def test_words_that_are_no_call(words: tuple[str, ...], quick: Any) -> None:
    ran = quick(*words, store=False)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("window", [("--to", "2014-12-01"), ("--to", "1960-01-01"), ("--from", "2020-01-01")])
def test_a_window_beside_the_input(window: tuple[str, str], small: Path, quick: Any) -> None:
    said = "from before" if window[0] == "--to" else "the input ends at 2014-12-22T17:00:00Z, before --from"
    refused(quick("replay", small, *window), 3, said)
    # The same of a file whose name tells no time.
    renamed = small / "table"
    shutil.copy(small / TABLE, renamed)
    refused(quick("replay", renamed, *window), 3, "before")


def test_a_store_that_cannot_be_written(small: Path, quick: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    refused(
        quick("replay", small, "--store", tmp_path / "file", store=False),
        1,
        f"{tmp_path / 'file'}: a store is",
    )
    refused(quick("replay", small, "--store", "/proc/none", store=False), 1, "/proc/none: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"reconstruction": "yes"}', "neither true nor false"),
    ],
)
def test_a_bad_nightside_json(content: str, said: str, small: Path, quick: Any) -> None:
    (small / "nightside.json").write_text(content)
    refused(quick("replay", small), 3, str(small / "nightside.json"), said)


def test_what_is_unharmed_says_nothing(whole: Any) -> None:
    assert (whole.code, whole.err) == (0, "")
    (one,) = whole.incidents
    assert (one["severity"], one["onset"], one["status"]) == ("total", "2014-12-22T16:15:00Z", "ongoing")
    assert one["provenance"]["reconstruction"] is False


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _scratched(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(b ^ 0x5A for b in content[middle : middle + 40]) + content[middle + 40 :]


def _inside(harm: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda content: gzip.compress(harm(gzip.decompress(content)))


HARMS = [
    ("cut off", _cut),
    ("scratched", _scratched),
    ("cut off inside", _inside(_cut)),
    ("records scratched", _inside(_scratched)),
    ("a picture", lambda _content: PNG),
]


def result(incident: dict[str, Any]) -> dict[str, Any]:
    return {
        k: incident[k] for k in ("id", "severity", "onset", "end", "began", "episodes", "share", "status")
    }


@pytest.mark.parametrize(
    "name", [f"{DAY}/updates.20141222.1640.gz", "rrc00/2014.12/updates.20141222.1605.gz"]
)
@pytest.mark.parametrize(("what", "harm"), HARMS)
def test_a_bad_file_in_the_middle_of_an_archive_is_no_outage(
    name: str, what: str, harm: Callable[[bytes], bytes], small: Path, whole: Any, quick: Any
) -> None:
    path = small / name
    path.write_bytes(harm(path.read_bytes()))
    ran = quick("replay", small, "--json")
    assert ran.code == 0
    # The warning names the file and the byte.
    assert ran.messages
    assert all(line.startswith(f"nightside: warning: {path}: ") for line in ran.messages), ran.err
    assert " byte " in ran.messages[0]
    if what != "records scratched":
        assert "time is unknown" in ran.messages[-1]
    # Nobody else is down for it, and the outage is what it is.
    assert [result(i) for i in ran.incidents] == [result(i) for i in whole.incidents]


@pytest.mark.parametrize(("what", "harm"), HARMS)
def test_a_bad_table_is_no_outage(
    what: str, harm: Callable[[bytes], bytes], small: Path, whole: Any, quick: Any
) -> None:
    path = small / TABLE
    path.write_bytes(harm(path.read_bytes()))
    ran = quick("replay", small, "--json")
    assert ran.code == 0
    assert ran.messages
    assert all(f"{path}: " in line for line in ran.messages), ran.err
    assert f"{path}: byte " in ran.messages[0]
    # A scratched stream is garbage to its end; nobody wants to read that of each record.
    assert len(ran.messages) <= 8
    assert (
        [i["entity"]["code"] for i in ran.incidents]
        == [i["entity"]["code"] for i in whole.incidents]
        == ["KP"]
    )
    assert ran.incidents[0]["severity"] == "total"


def test_an_empty_file_of_an_archive_is_a_quiet_time(small: Path, whole: Any, quick: Any) -> None:
    (small / DAY / "updates.20141222.1645.gz").write_bytes(b"")
    ran = quick("replay", small, *NARROW)
    assert ran.err == ""
    assert [result(i) for i in ran.incidents] == [result(i) for i in whole.incidents]
    assert [i["view"] for i in ran.incidents] == [i["view"] for i in whole.incidents]


def test_a_link_to_nowhere_among_good_files_is_a_gap(small: Path, quick: Any) -> None:
    path = small / UPDATES
    path.unlink()
    path.symlink_to(small / "gone")
    ran = quick("replay", small, *NARROW)
    assert ran.code == 0
    (line,) = ran.messages
    assert f"{path}: cannot be read: No such file or directory" in line
    assert "its time is unknown" in line
    assert [i["severity"] for i in ran.incidents] == ["total"]


def test_a_picture_beside_good_files_is_warned_of(small: Path, quick: Any, tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(PNG)
    ran = quick("replay", picture, small, *NARROW)
    assert ran.code == 0
    (line,) = ran.messages
    assert f"{picture}: byte 0: not an MRT file" in line
    assert [i["severity"] for i in ran.incidents] == ["total"]


def test_other_files_in_a_folder_are_passed_over_with_one_warning(small: Path, quick: Any) -> None:
    (small / "readme.txt").write_bytes(TEXT)
    ran = quick("replay", small, *NARROW)
    assert ran.messages == ["nightside: warning: 1 file not named like an archive's passed over: readme.txt"]
    (small / "x.png").write_bytes(PNG)
    for ran in (quick("replay", small, *NARROW), quick("networks", "KP", small, store=False)):
        (line,) = ran.messages
        assert "2 files not named like an archive's passed over: readme.txt" in line


def test_a_missing_file_is_a_gap_with_its_times(small: Path, quick: Any) -> None:
    (small / UPDATES).unlink()
    ran = quick("replay", small, *NARROW)
    assert ran.messages == [
        "nightside: warning: rrc01: no updates from 2014-12-22T16:10:00Z to 2014-12-22T16:15:00Z: "
        "its peers are unknown then"
    ]
    assert [i["severity"] for i in ran.incidents] == ["total"]
