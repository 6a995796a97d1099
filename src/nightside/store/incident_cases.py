"""Incidents that lack a revision or cannot be understood, and files of flips that are damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nightside.model.series import IncidentSeries
from nightside.model.store_care import StoreFinding
from nightside.store.cases import Case
from nightside.store.files import Files
from nightside.store.flips import file_of
from nightside.store.segment_cases import Reading

AT_ONCE = 256

_AGAIN = "Replay the incident's input again."


def incident_cases(reading: Reading) -> Iterator[Case]:
    """Look at every incident and all of its revisions."""
    last = ""
    while True:
        with reading() as connection:
            some = connection.execute(
                "SELECT id, revision, series FROM incident WHERE id > ? ORDER BY id LIMIT ?", (last, AT_ONCE)
            ).fetchall()
            if not some:
                return
            ids = [row[0] for row in some]
            texts: dict[str, dict[int, str]] = {id: {} for id in ids}
            for id, number, text in connection.execute(
                f"SELECT id, revision, json FROM revision WHERE id IN ({', '.join('?' * len(ids))})", ids
            ):
                texts[id][number] = text
        for id, newest, series in some:
            yield from _of_incident(id, newest, series, texts[id])
        last = ids[-1]


def _of_incident(id: str, newest: int, series: str, texts: dict[int, str]) -> Iterator[Case]:
    if missing := sorted(set(range(1, newest + 1)) - texts.keys()):
        told = ", ".join(map(str, missing[:5])) + (", …" if len(missing) > 5 else "")
        said = f"revision {told} of {newest} is missing"
        # What the latest says can be found again; an older one is history that nobody else has.
        advice = (
            _AGAIN if newest in missing else "Bring it back from a copy; what holds now is not touched by it."
        )
        yield Case(StoreFinding("revision-missing", id, said, True, None, advice))
    for number, text in sorted(texts.items()):
        if not _is_of(text, id, number):
            said = f"revision {number} cannot be understood"
            yield Case(StoreFinding("incident-damaged", id, said, True, None, _AGAIN))
    try:
        IncidentSeries.from_json(json.loads(series))
    except (ValueError, LookupError, TypeError):
        yield Case(
            StoreFinding("incident-damaged", id, "its series cannot be understood", True, None, _AGAIN)
        )


def _is_of(text: str, id: str, number: int) -> bool:
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return isinstance(said, dict) and (said.get("id"), said.get("revision")) == (id, number)


def flip_cases(reading: Reading, files: Files) -> Iterator[Case]:
    """Read every file of flips of an incident that is known."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with reading() as connection:
        known = {file_of(id) for (id,) in connection.execute("SELECT id FROM incident")}
    for name in files.names():
        if name not in known:
            continue
        try:
            # Another may take its place meanwhile.
            with (
                files.snapshot(name) as source,
                pq.ParquetFile(source, page_checksum_verification=True) as file,
            ):
                for group in range(file.num_row_groups):
                    file.read_row_group(group)
        except FileNotFoundError:
            continue
        except (OSError, pa.ArrowException) as error:
            files.ask()
            said = str(error).splitlines()[0]
            yield Case(StoreFinding("file-damaged", f"{files.name}/{name}", said, True, None, _AGAIN))
