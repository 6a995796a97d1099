"""The archive's files in the layout of RIS: `rrcNN/YYYY.MM/{updates|bview}.YYYYMMDD.HHMM.gz`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from nightside.scenes.bgp_writer import nlri
from nightside.scenes.mrt_writer import Tally, gz, peer_index_record, rib_entry, rib_record
from nightside.scenes.scene import Collector, MissingFile, Scene
from nightside.scenes.speech import Speaker, Speech
from nightside.scenes.timeline import Timeline


def file_count(scene: Scene) -> int:
    """How many files `files` will yield."""
    span = scene.end - scene.begin
    each = -(-span // scene.update_every_s) + -(-span // scene.table_every_s)
    return each * len(scene.collectors) - sum(isinstance(h, MissingFile) for h in scene.happenings)


def files(scene: Scene, timeline: Timeline, tally: Tally) -> Iterator[tuple[str, bytes]]:
    """Every file of the archive as (name below its folder, bytes), collector by collector.

    `tally` counts what is written; a missing file is not yielded, but what it would have held is counted.
    """
    place = 0
    for collector in scene.collectors:
        speakers = [Speaker(scene, collector, session, tally) for session in collector.sessions]
        speeches = []
        for speaker in speakers:
            speeches.append(speaker.speak(timeline.tables[place], timeline.changes[place]))
            place += 1
        for at in range(scene.begin, scene.end, scene.table_every_s):
            yield _name(collector, "bview", at), gz(_table(scene, collector, speakers, speeches, at, tally))
        yield from _updates(scene, collector, speeches)


def _updates(scene: Scene, collector: Collector, speeches: list[Speech]) -> Iterator[tuple[str, bytes]]:
    lost = [h for h in scene.happenings if isinstance(h, MissingFile)]
    missing = {h.begin for h in lost if h.collector == collector.name}
    by_file: dict[int, list[tuple[int, bytes]]] = {}
    for speech in speeches:
        for at, record in speech.records:
            begin = scene.begin + (at - scene.begin) // scene.update_every_s * scene.update_every_s
            by_file.setdefault(begin, []).append((at, record))
    for begin in range(scene.begin, scene.end, scene.update_every_s):
        if begin not in missing:
            # Stable: within one second the sessions follow each other, each in its own order.
            records = sorted(by_file.get(begin, []), key=lambda one: one[0])
            yield _name(collector, "updates", begin), gz(b"".join(record for _, record in records))


def _table(
    scene: Scene, collector: Collector, speakers: list[Speaker], speeches: list[Speech], at: int, tally: Tally
) -> bytes:
    peers = [(session.address, session.asn) for session in collector.sessions]
    records = [peer_index_record(at, collector.local_ipv4, peers)]
    tables = [speech.tables[at] for speech in speeches]
    sequence = 0
    for network in sorted(scene.networks, key=lambda n: (n.family, nlri(n.prefix)[1:])):
        number = scene.index[network.prefix]
        entries = []
        for i, table in enumerate(tables):
            route = table.get(number)
            if route is not None:
                entries.append(rib_entry(i, route[1], speakers[i].table_attributes(route[0])))
        if entries:
            records.append(rib_record(at, sequence, network.family, nlri(network.prefix), entries))
            sequence += 1
            tally.table_entries += len(entries)
    return b"".join(records)


def _name(collector: Collector, kind: str, at: int) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{collector.name}/{moment:%Y.%m}/{kind}.{moment:%Y%m%d.%H%M}.gz"
