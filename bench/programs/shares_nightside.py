"""Each country's share every five minutes, by Nightside's own rooms; or, with --map, the country of each /24.

    python shares_nightside.py FOLDER [--processes N]
    python shares_nightside.py FOLDER --map COUNTRIES

Prints a row "second country units baseline" for each country and five minutes. What a replay does then with what it
found (episodes, networks, upstreams, causes) is not in it. COUNTRIES is for programs that have no map of their own:
two bytes for each /24, and beside it the codes they mean, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from nightside.detection.episodes import detect
from nightside.engine.analysis import sight
from nightside.engine.collect import collect
from nightside.engine.subjects import country_subjects
from nightside.engine.world_of_day import world_of_input
from nightside.model.settings import Settings
from nightside.signals.units import unit_signals
from nightside.sources.layout import find_inputs

STEP_S = 300


def main(folder: Path, countries: Path | None, processes: int) -> None:
    settings = Settings()
    found = find_inputs([folder])
    snapshot = world_of_input(found, None, None, settings.table_margin_s)
    if countries:
        countries.write_bytes(np.asarray(snapshot.ipv4, np.uint16).tobytes())
        countries.with_suffix(".json").write_text(json.dumps(list(snapshot.codes)))
        return

    def warn(text: str) -> None:
        print(text, file=sys.stderr)

    collected = collect(
        found,
        snapshot,
        settings,
        begin=None,
        end=None,
        warn=warn,
        advance=lambda _n: None,
        processes=processes,
    )
    subjects = country_subjects(snapshot, [])
    seen = sight(collected, snapshot, [subjects], settings)
    if seen is None:
        sys.exit("no table in the input")
    signals = unit_signals(seen.observation, subjects.entities, subjects.entity_of_unit)
    at = np.arange(-(-seen.observation.start // STEP_S) * STEP_S, seen.observation.end + 1, STEP_S)
    for signal in signals.values():
        if not any(signal.units):
            continue
        steps = detect(signal, settings).baseline
        units = np.array(signal.units)[np.searchsorted(signal.times, at, "right") - 1]
        begins = [second for second, _units in steps]
        baseline = np.array([number for _second, number in steps])[
            np.maximum(np.searchsorted(begins, at, "right") - 1, 0)
        ]
        for row in zip(at.tolist(), units.tolist(), baseline.tolist(), strict=True):
            print(row[0], signal.entity.code, *row[1:])


if __name__ == "__main__":
    option, value = (*sys.argv[2:], "", "")[:2]
    main(
        Path(sys.argv[1]),
        Path(value) if option == "--map" else None,
        int(value) if option == "--processes" else 1,
    )
