"""Job 3: the flips that somebody wishes of one collector, read from its files once more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, astuple, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nightside.engine.collect import merge
from nightside.engine.flips import Wish, collector_flips
from nightside.engine.shards.cells import cells_with
from nightside.engine.shards.keys import key_of
from nightside.engine.shards.part_reading import Within, read_part
from nightside.engine.shards.part_segments import SpoiltError, Warned, read_head
from nightside.engine.shards.unit_job import Bring
from nightside.engine.units import Unit
from nightside.model.settings import Settings
from nightside.store.files import Files
from nightside.store.folder_errors import written

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER, WARNINGS = "flips", b"warnings"


@dataclass(frozen=True)
class FlipsRead:
    """The flips of a collector lie in the work place, or why they do not."""

    key: str
    warnings: list[Warned]
    spoilt: bool = False
    """The part has to be made anew first."""
    anew: bool = False


def read_flips(
    work: Files,
    unit: Unit,
    part: str,
    wishes: Sequence[Wish],
    settings: Settings,
    bring: Bring | None = None,
) -> FlipsRead:
    """Read the flips of these wishes from the unit's files, if nobody has, and leave them in the work place.

    `settings` are those by which flips are asked for; `bring` as `make_part` takes it.
    """
    said = [[w.begin, w.end, w.units.first.tolist(), w.units.behind.tolist()] for w in wishes]
    key = key_of("flips", [part, said, asdict(settings)])
    there = flips_read(work, key)
    if there is not None:
        return FlipsRead(key, _warnings(there))
    said_of: list[str] = []
    try:
        head = read_head(work, part)
        with bring(unit) if bring else nullcontext(unit) as brought:
            mine = read_part(work, head, brought, *_near(wishes, settings), places=True)
            # None of the others need have any element; then there is nothing to tell of this one.
            collected = merge([replace(mine, used=1, first_second=mine.first_second or 0)], until=unit.until)
            table = collector_flips(collected, 0, wishes, settings, said_of.append)
            warned = [Warned.about(text, brought) for text in said_of]
    except SpoiltError:
        return FlipsRead(key, [], spoilt=True)
    table = table.replace_schema_metadata({WARNINGS: json.dumps([astuple(each) for each in warned])})
    folder = work.child(FOLDER)
    with written(folder, key):
        folder.write(key, table, compression="lz4", write_page_checksum=True)
    return FlipsRead(key, warned, anew=True)


def _near(wishes: Sequence[Wish], settings: Settings) -> tuple[list[int], Within]:
    """The cells in which the wished prefixes lie, and which of a cell's these are."""
    all_units = {id(one.units): one.units for one in wishes}.values()

    def wished(hi: npt.NDArray[np.uint64], length: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        found, ipv4 = np.zeros(len(hi), bool), np.full(len(hi), 4, np.uint8)
        for units in all_units:
            found |= units.below(hi, length, ipv4, settings.shortest_cover_ipv4)
        return found

    return sorted({cell for units in all_units for cell in cells_with(units)}), wished


def flips_read(work: Files, key: str) -> pa.Table | None:
    """The flips of a collector; None where they are gone, or damaged."""
    import pyarrow as pa

    try:
        with work.child(FOLDER).parquet(key, page_checksum_verification=True) as file:
            return file.read()
    except (OSError, pa.ArrowException):
        return None


def _warnings(table: pa.Table) -> list[Warned]:
    return [Warned(*each) for each in json.loads((table.schema.metadata or {}).get(WARNINGS, b"[]"))]
