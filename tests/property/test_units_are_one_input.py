"""Collectors read by themselves, in any order, by any number of processes, give what one reader of all gives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from several_collectors import write

from nightside.engine.collect import Collected, collect
from nightside.engine.prefix_countries import PrefixCountries
from nightside.engine.replay import replay
from nightside.engine.units import Unit, collector_table, time_bounds, units_of
from nightside.model.settings import Settings
from nightside.routing.collector_log import CollectorLog
from nightside.routing.observation import WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.ways import WayIndex
from nightside.sources.layout import find_inputs
from nightside.sources.local import Pieces
from nightside.wire.decoder import Decoder
from nightside.world.snapshot import load

FEW = settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
SEEDS = st.integers(0, 10**9)


@contextmanager
def archive(seed: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), seed)
        yield Path(folder)


def collected(folder: Path, processes: int = 1) -> Collected:
    return collect(
        find_inputs([folder]),
        load(),
        Settings(),
        begin=None,
        end=None,
        warn=lambda _text: None,
        advance=lambda _bytes: None,
        processes=processes,
    )


def one_reader(folder: Path) -> tuple[list[CollectorLog], PrefixIndex, WayTable]:
    """All collectors one after the other into one state's numbers; no unit, no part, nothing renumbered."""
    rules, world = Settings(), load()
    prefixes = PrefixIndex()
    ways = WayIndex(world.asn_numbers, world.asn_codes.astype(np.uint16))
    countries = PrefixCountries(world, "registry")
    read = []
    for unit in units_of(find_inputs([folder]), rules, begin=None, end=None, keeps_table=False):
        table, decoder, end, gaps = collector_table(prefixes, ways, rules), Decoder(), 0, list(unit.gaps)
        for file in unit.files:
            while gaps and file.nominal is not None and file.nominal >= gaps[0][0]:
                table.gap(*gaps.pop(0))
            decoder.start(str(file.path))
            data = b"".join(Pieces(file.path))
            for columns in (*decoder.feed(data), *decoder.finish()):
                n = columns.count
                ids = np.empty(n, np.uint32)
                prefixes.intern_batch(
                    columns.prefix_hi, columns.prefix_lo, columns.prefix_len, columns.family, n, ids
                )
                countries.learn(prefixes, columns, ids)
                bounds = time_bounds(file.nominal, file.cadence_s)
                table.apply(columns, ids, countries.column, len(decoder.peers), *bounds)
                end = max(end, int(columns.time_us[:n].max(initial=0)) // 1_000_000 + 1)
            table.table_done(False)
            if file.kind == "updates":
                assert file.nominal is not None
                end = max(end, file.nominal + 300)
        table.close(end)
        read.append((unit, decoder, table, end))
    last = max(end for *_rest, end in read)
    logs = []
    for unit, decoder, table, end in read:
        table.gap(end, last)
        logs.append(CollectorLog.of(unit.collector, decoder.peers, table, list(unit.gaps)))
    return logs, prefixes, WayTable(*ways.columns())


def rows(log: CollectorLog) -> list[tuple[int, ...]]:
    """What is said of each session, in the order in which it is said; a second's prefixes in the order of numbers."""
    columns = (log.session, log.second, log.kind, log.prefix, log.way)
    said = [tuple(int(c[i]) for c in columns) for i in range(len(log.second))]
    return sorted(said, key=lambda row: (row[0], row[1], row[3]))


@given(SEEDS)
@FEW
def test_parts_are_what_one_reader_gives(seed: int) -> None:
    with archive(seed) as folder:
        found = collected(folder)
        logs, prefixes, ways = one_reader(folder)
    assert [prefixes.text(i) for i in range(prefixes.count)] == [
        found.prefixes.text(i) for i in range(found.prefixes.count)
    ]
    for name in ("origin", "upstream", "border"):
        assert getattr(found.ways, name).tolist() == getattr(ways, name).tolist()
    for one, other in zip(found.logs, logs, strict=True):
        assert len(one.second) > 40
        assert rows(one) == rows(other)
        assert (one.collector, one.peers, one.gaps) == (other.collector, other.peers, other.gaps)
        assert (one.tables, one.transfer_ends) == (other.tables, other.transfer_ends)
        # Behind its end a row is empty.
        assert [np.trim_zeros(load, "b").tolist() for load in one.loads] == [
            np.trim_zeros(load, "b").tolist() for load in other.loads
        ]


SEEN = ("severity", "onset", "end", "began", "ended", "share", "episodes", "instability", "view")
"""What is visible. Of ways it matters who comes first: where sessions of one AS differ, the first one's way counts."""


def told(folder: Path) -> list[Any]:
    found = [
        i.to_json(id="", revision=1, corrections=[])
        for i, _series in replay([folder], countries=["KP"]).incidents
    ]
    return [[one[key] for key in SEEN] for one in found]


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_the_order_of_collectors_does_not_matter(seed: int, tmp_path: Path, monkeypatch: Any) -> None:
    def backwards(*args: Any, **kwargs: Any) -> list[Unit]:
        return units_of(*args, **kwargs)[::-1]

    write(tmp_path, seed)
    first = told(tmp_path)
    monkeypatch.setattr("nightside.engine.collect.units_of", backwards)
    assert told(tmp_path) == first != []


@pytest.mark.parametrize("processes", [2, 3])
def test_the_number_of_processes_does_not_matter(processes: int, tmp_path: Path) -> None:
    write(tmp_path, processes)
    apart, here = collected(tmp_path, processes), collected(tmp_path)
    for one, other in zip(apart.logs, here.logs, strict=True):
        for name in ("second", "kind", "session", "prefix", "way"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
    assert apart.inputs == here.inputs
    assert len(apart.logs) == 3
