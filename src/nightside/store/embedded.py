"""The embedded store: one folder with an SQLite catalogue (`nightside.sqlite`) and Parquet `segments/`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from nightside.model.errors import NightsideError
from nightside.model.incident import SEVERITIES, Incident, Severity
from nightside.model.series import IncidentSeries
from nightside.model.signal import Signal
from nightside.store import findings, segments
from nightside.store.catalogue import explained, open_catalogue, transaction

if TYPE_CHECKING:
    import pyarrow as pa


class EmbeddedStore:
    """`Store` in one folder of one machine. Several processes may use it at once; one object, one thread."""

    def __init__(self, folder: Path) -> None:
        """Open the store in `folder`, and make it where there is none.

        Raises NightsideError where the folder cannot be used, or the catalogue is damaged or too new.
        """
        self.folder = folder
        self._segments = folder / "segments"
        self._path = folder / "nightside.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise NightsideError(
                "a store is a folder, and this is a file",
                where=str(error.filename),
                advice="Name a folder.",
            ) from error
        except OSError as error:
            raise NightsideError(
                f"the store's folder cannot be made ({error.strerror})",
                where=str(folder),
                advice="Name another folder with --store or NIGHTSIDE_STORE.",
            ) from error
        self._connection = open_catalogue(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all files."""
        self._connection.close()

    def put_incident(self, incident: Incident, series: IncidentSeries) -> dict[str, Any]:
        """See `Store.put_incident`."""
        with explained(self._path), transaction(self._connection):
            text = findings.put(self._connection, incident, series)
        return _loaded(text)

    def incident(self, id: str) -> dict[str, Any] | None:
        """See `Store.incident`."""
        with explained(self._path):
            text = findings.latest(self._connection, id)
        return None if text is None else _loaded(text)

    def incidents(
        self,
        *,
        codes: Sequence[str] = (),
        begin: int | None = None,
        end: int | None = None,
        severity: Severity | None = None,
    ) -> Iterator[dict[str, Any]]:
        """See `Store.incidents`."""
        wanted: list[tuple[str, Sequence[str | int]]] = []
        if codes:
            wanted.append((f"code IN ({', '.join('?' * len(codes))})", codes))
        if begin is not None:
            # An incident without length stands at its one instant; others end before `ended`.
            wanted.append(("(ended IS NULL OR ended > ? OR began = ended AND began = ?)", (begin, begin)))
        if end is not None:
            wanted.append(("began < ?", (end,)))
        if severity is not None:
            wanted.append(("severity >= ?", (SEVERITIES.index(severity),)))
        where = "".join(f" AND {condition}" for condition, _ in wanted)
        values = [value for _, some in wanted for value in some]
        with explained(self._path):
            # The ids first: a caller may store something while it goes through them.
            ids = self._connection.execute(
                f"SELECT id FROM incident WHERE merged_into IS NULL{where} ORDER BY began, type, code", values
            ).fetchall()
        for (each,) in ids:
            found = self.incident(each)
            if found is not None:
                yield found

    def series(self, id: str) -> IncidentSeries | None:
        """See `Store.series`."""
        with explained(self._path):
            row = self._connection.execute("SELECT series FROM incident WHERE id = ?", (id,)).fetchone()
        return None if row is None else IncidentSeries.from_json(json.loads(row[0]))

    def put_samples(self, signals: Iterable[Signal]) -> None:
        """See `Store.put_samples`."""
        contents = segments.contents_of(signals)
        if contents is None:
            return
        with explained(self._path), transaction(self._connection):
            try:
                segments.write(self._segments, contents)
            except OSError as error:
                raise NightsideError(
                    f"samples cannot be written ({error.strerror})", where=str(self._segments)
                ) from error
            # What is stored again counts as written last, so the number moves though the file does not.
            self._connection.execute(
                "INSERT INTO segment SELECT ?, coalesce(max(written), 0) + 1 FROM segment WHERE true "
                "ON CONFLICT (name) DO UPDATE SET written = excluded.written",
                (contents.name,),
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO segment_signal VALUES (?, ?, ?, ?, ?, ?)",
                [(h.segment, h.signal, type_, code, h.begin, h.end) for type_, code, h in contents.signals],
            )

    def samples(self, type: str, code: str, begin: int, end: int) -> pa.Table:
        """See `Store.samples`."""
        with explained(self._path):
            rows = self._connection.execute(
                "SELECT segment, signal, begin_s, end_s FROM segment_signal JOIN segment ON segment = name "
                "WHERE type = ? AND code = ? AND begin_s < ? AND end_s > ? ORDER BY written, signal",
                (type, code, end, begin),
            ).fetchall()
        pieces = segments.visible_pieces([segments.Held(*row) for row in rows], begin, end)
        import duckdb

        try:
            return segments.read(self._segments, pieces, end)
        except duckdb.Error as error:
            raise NightsideError(
                f"samples cannot be read: {str(error).splitlines()[0]}",
                where=str(self._segments),
                advice="A segment is missing or damaged: replay its input again into a new store.",
            ) from error


def _loaded(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
