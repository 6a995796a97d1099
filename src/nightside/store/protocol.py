"""What every store offers. Commands and the engine know this protocol, never an implementation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from nightside.model.incident import Incident, Severity
from nightside.model.series import IncidentSeries
from nightside.model.signal import Signal

if TYPE_CHECKING:
    import pyarrow as pa


class Store(Protocol):
    """Incidents with all their revisions, their series, and samples. Instants are seconds since the epoch.

    Errors of the medium (unwritable, damaged, of a newer program) are raised as NightsideError.
    """

    def put_incident(self, incident: Incident, series: IncidentSeries) -> dict[str, Any]:
        """Store one finding and return it as stored, in the shape `nightside.incident/1`.

        A finding is the same incident as a stored one of its entity where the two overlap in time, both ends
        included, or where its id is taken. An incident reaches from `began` to `ended`; one that has not
        ended reaches to the end of its series, which is as far as anybody looked.

        The same content again changes nothing but the series; other content is one revision more, with an
        entry {"revision", "changed"} in `corrections`. Where it overlaps several, the earliest id goes on;
        the others get a last revision with status `closed`, `closed_as` `merged` and the id that goes on in
        `related` as {"id", "relation": "merged_into"}, and are listed no more. One of them that is found
        apart again later is listed again.

        Findings are to be put in the order of `began`. Otherwise, where one stored incident turns out to be
        two, the later half would take its id.
        """

    def incident(self, id: str) -> dict[str, Any] | None:
        """The latest revision, of a merged incident too; None where the id is unknown."""

    def incidents(
        self,
        *,
        codes: Sequence[str] = (),
        begin: int | None = None,
        end: int | None = None,
        severity: Severity | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The latest revisions, in the order of began, entity type, code; merged incidents are left out.

        `codes` narrows to entity codes, `begin` and `end` to incidents that overlap [begin, end) (what has
        not ended overlaps everything after it began), `severity` to that severity or worse.
        """

    def series(self, id: str) -> IncidentSeries | None:
        """What the chart of an incident needs; None where the id is unknown."""

    def put_samples(self, signals: Iterable[Signal]) -> None:
        """Store signals for good. The same signals twice are stored once."""

    def samples(self, type: str, code: str, begin: int, end: int) -> pa.Table:
        """The signal of one entity within [begin, end) as change points, in the order of time.

        Columns: `time` (timestamp[s, UTC]), `units` (int64, null where unknown), `quality` ("known" or
        "unknown"). A row holds until the next, the last until `end`. The first row stands at `begin`, or
        where the samples start; a hole between samples, and what follows the last of them, is unknown. Where
        signals overlap, the one stored last counts.
        """

    def close(self) -> None:
        """Let go of all files. A store is a context manager that does it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
