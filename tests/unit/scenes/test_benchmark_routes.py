"""Tables of routes: pyasn's format, and the small world that is made up."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from nightside.model.errors import InputError, UnreadableError, UsageError
from nightside.scenes.routes import as_text, made_up_routes, read_routes, unit_range
from nightside.world.snapshot import load

GOOD = (
    b"; IP-ASN32-DAT file\n; Original file : x\n\n175.45.176.0/22\t131279\n1.0.0.0/24\t15169\n1.0.0.0/8\t0\n"
)


def test_reads_prefixes_sorted_whatever_their_order(tmp_path: Path) -> None:
    file = tmp_path / "routes.dat"
    file.write_bytes(GOOD)
    routes = read_routes(file)
    assert [as_text(int(h), int(n)) for h, n in zip(routes.hi, routes.length, strict=True)] == [
        "1.0.0.0/8",
        "1.0.0.0/24",
        "175.45.176.0/22",
    ]
    assert routes.origin.tolist() == [0, 15169, 131279]


def test_reads_gzip_and_keeps_the_first_of_two(tmp_path: Path) -> None:
    file = tmp_path / "routes.dat.gz"
    file.write_bytes(gzip.compress(GOOD + b"1.0.0.0/24\t64512\n"))
    assert read_routes(file).origin.tolist() == [0, 15169, 131279]


@pytest.mark.parametrize(
    "line",
    [
        b"1.0.0.0/24 15169",
        b"1.0.0.1/24\t15169",
        b"1.0.0.0/33\t15169",
        b"256.0.0.0/24\t1",
        b"1.0.0.0/24\t-1",
        b"2001:db8::/32\t1",
        b"x",
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "routes.dat"
    file.write_bytes(GOOD + line + b"\n")
    with pytest.raises(InputError, match=r"routes\.dat, line 7: not an IPv4 prefix"):
        read_routes(file)


def test_no_file_no_gzip_no_routes(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        read_routes(tmp_path / "absent")
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(GOOD)[:-12])
    with pytest.raises(UnreadableError):
        read_routes(cut)
    empty = tmp_path / "empty"
    empty.write_bytes(b"; nothing\n")
    with pytest.raises(InputError, match="no routes"):
        read_routes(empty)


def test_the_made_up_world_holds_small_and_large_countries() -> None:
    routes = made_up_routes(1)
    first, size = unit_range(routes.hi, routes.length)
    covered = np.zeros(1 << 24, bool)
    for at, n in zip(first.tolist(), size.tolist(), strict=True):
        assert len(set(load().ipv4[at : at + n].tolist())) == 1
        covered[at : at + n] = True
    units = np.bincount(load().ipv4[covered])
    assert (units > 0).sum() == 120
    assert units[units > 0].min() == 1
    assert units.max() > 10_000


def test_the_made_up_world_hangs_on_its_seed() -> None:
    one, same, other = made_up_routes(1, 20), made_up_routes(1, 20), made_up_routes(2, 20)
    assert np.array_equal(one.hi, same.hi)
    assert np.array_equal(one.origin, same.origin)
    assert not np.array_equal(one.hi, other.hi)


def test_there_are_not_as_many_countries() -> None:
    with pytest.raises(UsageError):
        made_up_routes(1, 400)


@pytest.mark.shared_data
def test_the_real_table_of_2014(shared_data: Path) -> None:
    routes = read_routes(shared_data / "routes" / "ipasn_20140513.dat.gz")
    assert len(routes) == 512_621
    korea = {
        as_text(int(h), int(n))
        for h, n, o in zip(routes.hi, routes.length, routes.origin, strict=True)
        if o == 131279
    }
    assert korea == {f"175.45.{third}.0/24" for third in (176, 177, 178, 179)}
