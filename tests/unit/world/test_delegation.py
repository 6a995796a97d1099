"""Delegation files: the formats of all five registries, and everything that makes one unusable."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable, Sequence
from datetime import date
from ipaddress import IPv4Address, IPv6Network
from pathlib import Path
from random import Random

import pytest
from delegation_files import delegation_text

from nightside.model.errors import InputError, UnreadableError
from nightside.world.delegation import Delegation, read_delegation

TODAY = date(2026, 11, 22)
KP = "KP|ipv4|175.45.176.0|1024|20091221|allocated"
HELD = (KP, "KP|asn|131279|1|20091221|allocated", "JP|ipv6|2001:200::|35|19990813|allocated")

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        path = tmp_path / "delegated-apnic-20141009"
        path.write_text(text)
        return path

    return to_file


def read(path: Path, registry: str | None = None) -> Delegation:
    return read_delegation(path, today=TODAY, registry=registry)


def apnic(*rows: str, records: int | None = None) -> str:
    return delegation_text("apnic", "20141008", rows, records=records)


def refused(path: Path, registry: str | None = None) -> tuple[str, str]:
    """(what, where below the file: `line 5`, or nothing)."""
    with pytest.raises(InputError) as caught:
        read(path, registry)
    assert len(str(caught.value).splitlines()) <= 2
    assert caught.value.exit_code == 3
    assert caught.value.where.startswith(str(path))
    return caught.value.what, caught.value.where.removeprefix(str(path)).removeprefix(": ")


def test_what_is_held_of_each_kind(write: Write) -> None:
    found = read(write(apnic(*HELD)))
    assert (found.registry, found.date, found.records) == ("apnic", date(2014, 10, 8), 3)
    first = int(IPv4Address("175.45.176.0"))
    assert found.ranges["ipv4"].first.tolist() == [first]
    assert found.ranges["ipv4"].last.tolist() == [first + 1023]
    assert found.ranges["ipv4"].codes == ["KP"]
    assert found.ranges["asn"].first.tolist() == found.ranges["asn"].last.tolist() == [131279]
    network = IPv6Network("2001:200::/35")
    assert found.ranges["ipv6"].first.tolist() == [int(network[0]) >> 64]
    assert found.ranges["ipv6"].last.tolist() == [int(network[-1]) >> 64]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_or_not_it_is_the_same_file(
    write: Write, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    plain = read(write(apnic(*HELD)))
    path = tmp_path / "packed"
    path.write_bytes(pack(apnic(*HELD).encode()))
    assert read(path).sha256 == plain.sha256


def test_the_heads_of_all_five_registries_of_2026(write: Write) -> None:
    """As published on 28 and 29 September 2026: serials of four kinds, empty and zero days, comments before."""
    heads = {
        "2|afrinic|20260928|0|00000000|20260928|00000": date(2026, 9, 28),
        "# comment\n#\t\n2.3|apnic|20260929|0||20260928|+1000": date(2026, 9, 28),
        "2.3|arin|1790600421096|0|19700101|20260928|-0400": date(2026, 9, 28),
        "2.3|lacnic|20260927|0|19870101|20260925|-0300": date(2026, 9, 25),
        "2|ripencc|1790632799|0|19700101|20260928|+0200": date(2026, 9, 28),
    }
    assert [read(write(head + "\n")).date for head in heads] == list(heads.values())


def test_extended_files_hold_what_is_nobodys(write: Write) -> None:
    """Fields as each registry leaves them: seven or eight, code empty or ZZ, further ones behind the holder."""
    rows = [
        "|ipv4|1.0.0.0|256||reserved|",
        "ZZ|ipv4|1.0.1.0|256||available|",
        "|ipv4|1.0.2.64|448||available",
        "AU|ipv4|1.0.4.0|1024|20110412|allocated|A9178E28|e-stats|more",
        "EU|ipv4|1.0.8.0|2304|00000000|assigned|A9178E28",
    ]
    held = read(write(apnic(*rows))).ranges["ipv4"]
    assert held.codes == ["AU", "EU"]
    assert (held.last - held.first + 1).tolist() == [1024, 2304]


def test_windows_line_ends_and_no_end_of_line_are_no_harm(write: Write) -> None:
    text = apnic(*HELD).replace("\n", "\r\n").rstrip()
    assert read(write(text)).records == 3


@pytest.mark.parametrize(
    ("rows", "line", "said"),
    [
        (["KP|ipv4|175.45.176.0|1024|20091221"], 5, "6 fields"),
        (["KP|ipv4|175.45.176.0|0|20091221|allocated"], 5, "ends before it begins"),
        (["KP|ipv4|175.45.176.0|-256|20091221|allocated"], 5, "ends before it begins"),
        (["KP|asn|131279|0|20091221|allocated"], 5, "ends before it begins"),
        ([KP, "KP|ipv4|255.255.255.0|512|20091221|allocated"], 6, "beyond 255.255.255.255"),
        (["KP|asn|4294967295|2|20091221|allocated"], 5, "beyond 4294967295"),
        (["KP|ipv4|175.45.176|1024|20091221|allocated"], 5, "no address of IPv4"),
        (["KP|ipv4|175.45.176.0|1k|20091221|allocated"], 5, "'1k'"),
        (["KP|ipv4|175.45.176.0|١٠|20091221|allocated"], 5, "not a number"),
        (["JP|ipv6|2001:200::/35|35|19990813|allocated"], 5, "no address of IPv6"),
        (["JP|ipv6|2001:200::1|35|19990813|allocated"], 5, "does not begin a /35"),
        (["JP|ipv6|2001:200::|65|19990813|allocated"], 5, "/65"),
        (["JP|ipv6|fd00::|16|19990813|allocated"], 5, "outside of 2000::/3"),
        (["KP|ipx|1|1|20091221|allocated"], 5, "'ipx'"),
        (["Korea|ipv4|175.45.176.0|1024|20091221|allocated"], 5, "no country code"),
        (["kp|ipv4|175.45.176.0|1024|20091221|allocated"], 5, "no country code"),
        (["KP|ipv4|175.45.176.0|1024|20091221|lent"], 5, "'lent'"),
        (["KP|ipv4|175.45.176.0|1024|2009-12-21|allocated"], 5, "no date"),
        (["KP|ipv4|175.45.176.0|1024|20261124|allocated"], 5, "in the future"),
    ],
)
def test_a_record_that_cannot_be_is_refused_with_its_line(
    write: Write, rows: Sequence[str], line: int, said: str
) -> None:
    what, where = refused(write(apnic(*rows)))
    assert said in what
    assert where == f"line {line}"


@pytest.mark.parametrize(
    "rows",
    [
        [KP, "KR|ipv4|175.45.179.0|256|20091221|allocated"],
        [KP, KP],
        ["KR|ipv4|175.45.0.0|65536|20091221|allocated", KP],
        [KP, "|ipv4|175.45.176.0|256||reserved"],
        ["KP|asn|131279|1|20091221|allocated", "KR|asn|131270|10|20091221|allocated"],
        ["JP|ipv6|2001:200::|32|19990813|allocated", "JP|ipv6|2001:200:8000::|35|19990813|allocated"],
    ],
)
def test_ranges_that_overlap_are_refused_with_both_lines(write: Write, rows: Sequence[str]) -> None:
    what, where = refused(write(apnic(*rows)))
    assert where == "line 6"
    assert what.endswith("overlaps that of line 5")


def test_neighbours_do_not_overlap(write: Write) -> None:
    rows = [KP, "KR|ipv4|175.45.180.0|256|20091221|allocated", "KR|ipv4|175.45.175.0|256|20091221|allocated"]
    assert read(write(apnic(*rows))).ranges["ipv4"].codes == ["KR", "KP", "KR"]


@pytest.mark.parametrize("cut", range(1, 60))
def test_wherever_a_file_is_cut_off_it_is_refused(write: Write, cut: int) -> None:
    whole = apnic(*HELD).rstrip()
    what, _where = refused(write(whole[:-cut]))
    assert what


def test_a_cut_at_the_end_of_a_line_is_told_by_the_counts(write: Write) -> None:
    lines = apnic(*HELD).splitlines(keepends=True)
    what, where = refused(write("".join(lines[:-1])))
    assert what == "2 records, and its version line says 3: it is cut off"
    assert where == ""


def test_more_than_was_promised_is_wrong_too(write: Write) -> None:
    assert refused(write(apnic(*HELD, records=2)))[0] == "3 records, and its version line says 2"


def test_the_summary_lines_are_held_against_the_records(write: Write) -> None:
    text = apnic(*HELD).replace("apnic|*|ipv4|*|1|", "apnic|*|ipv4|*|2|")
    assert refused(write(text))[0] == "1 records of ipv4, and its summary line says 2"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_packed_file_that_is_cut_off_or_damaged(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = bytearray(pack(apnic(*HELD).encode()))
    path = tmp_path / "packed"
    path.write_bytes(packed[:-9])
    assert refused(path)[0].startswith("cut off or damaged")
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes(packed)
    assert refused(path)[0].startswith("cut off or damaged")


def test_the_file_of_another_registry(write: Write) -> None:
    what, where = refused(write(apnic(*HELD)), "arin")
    assert (what, where) == ("this is the file of apnic, not of arin", "line 1")
    mixed = apnic(*HELD).replace("apnic|JP", "ripencc|JP")
    what, where = refused(write(mixed))
    assert (what, where) == ("a record of 'ripencc' in the file of apnic", "line 7")


@pytest.mark.parametrize(
    ("day", "is_future"), [("20261122", False), ("20261123", False), ("20261124", True), ("21141008", True)]
)
def test_a_file_from_the_future(write: Write, day: str, is_future: bool) -> None:
    """A registry east of Greenwich may be a day ahead."""
    path = write(delegation_text("apnic", day, [KP]))
    if is_future:
        what, where = refused(path)
        assert "in the future" in what
        assert where == "line 1"
    else:
        assert f"{read(path).date:%Y%m%d}" == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# nothing but comments\n",
        "<html><body>404</body></html>\n",
        "3|apnic|20141008|0|19830101|20141008|+0000\n",
        "2|nro|20141008|0|19830101|20141008|+0000\n",
        "2|apnic|20141008|all|19830101|20141008|+0000\n",
        "2|apnic|20141008|0|19830101|20141308|+0000\n",
        "2|apnic|1790632799|0|19830101||+0000\n",
        "2|apnic\n",
        f"apnic|{KP}\n",
    ],
)
def test_what_is_no_delegation_file(write: Write, text: str) -> None:
    refused(write(text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        read(tmp_path / "none")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_whatever_bytes_are_damaged_it_is_read_or_refused(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    whole = pack(apnic(*HELD).encode())
    path = tmp_path / "damaged"
    random = Random(2014)
    refusals: list[str] = []
    for _ in range(400):
        damaged = bytearray(whole)
        for _byte in range(random.randint(1, 4)):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        path.write_bytes(damaged)
        try:
            assert read(path).records == 3
        except InputError as error:
            refusals.append(str(error))
    assert len(refusals) > 200
    assert max(len(refusal.splitlines()) for refusal in refusals) <= 2


@pytest.mark.shared_data
def test_the_real_files_of_2013_and_2014(shared_data: Path) -> None:
    """Their own version lines say how many records there are."""
    found = {
        d.registry: d
        for d in (read(path) for path in sorted((shared_data / "registry").glob("delegated-*.gz")))
    }
    assert {r: d.records for r, d in found.items()} == {
        "afrinic": 4024,
        "apnic": 35407,
        "arin": 72419,
        "lacnic": 16906,
        "ripencc": 85536,
    }
    assert found["arin"].date == date(2013, 8, 12)
    apnic_ipv4 = found["apnic"].ranges["ipv4"]
    at = apnic_ipv4.codes.index("KP")
    assert apnic_ipv4.codes.count("KP") == 1
    assert int(apnic_ipv4.last[at] - apnic_ipv4.first[at]) == 4 * 256 - 1
