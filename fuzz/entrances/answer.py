"""An answer of RIPEstat: to MRT records, and on into the decoder."""

from __future__ import annotations

from collections import Counter

from fuzz.entrances import mrt
from fuzz.rules import must, same

from nightside.model.elements import Kind
from nightside.model.errors import DownloadError, InputError
from nightside.sources.ripestat import read_answer, together
from nightside.sources.ripestat_mrt import collector_records


def enter(content: bytes) -> None:
    """All rules for one answer: it is refused, or every row is an element or counted."""
    try:
        answer = read_answer(content, "an answer")
    except (InputError, DownloadError):
        return
    must(answer.unusable == 0 or answer.example, "unusable rows without an example")
    twice = together([answer, answer])
    must(len(twice.state) == len(answer.state) and len(twice.events) <= len(answer.events), "told twice")
    rows = Counter[str]()
    for row in (*answer.state, *answer.events):
        rows[row.source.collector] += 1
    made = collector_records(answer)
    same(set(made), set(rows), "collectors")
    for collector, records in made.items():
        reading = mrt.read(records, [records])
        must(not isinstance(reading, str), "what is made is no MRT:", reading)
        assert isinstance(reading, mrt.Reading)
        same(reading.skipped, [], "what our own reader passes over")
        kinds = reading.columns["kind"]
        routes = sum(kind in (Kind.ANNOUNCE, Kind.WITHDRAW) for kind in kinds)
        same(routes, rows[collector], f"rows of {collector}")
