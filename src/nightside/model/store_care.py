"""What is found of a store's health, and what compaction did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

FindingKind = Literal[
    "catalogue-damaged",
    "file-missing",
    "file-damaged",
    "file-unknown",
    "piece-outside",
    "hours-missing",
    "revision-missing",
    "incident-damaged",
]
"""Of what is wrong:

catalogue-damaged  the catalogue's own file is damaged
file-missing       the catalogue names a file that is not there
file-damaged       a file, or a part of it, cannot be read, or holds something else than it says
file-unknown       a file that the catalogue does not name; nothing is lost
piece-outside      a row of the catalogue points to what its file does not hold
hours-missing      samples are there whose hours are not
revision-missing   an incident lacks one of its revisions
incident-damaged   an incident, or one of its revisions, cannot be understood
"""


@dataclass(frozen=True, slots=True)
class StoreFinding:
    """One thing that is wrong in a store."""

    kind: FindingKind
    where: str
    """The file, from the store's folder on; or the incident, or the entity."""
    said: str
    """What is wrong."""
    damage: bool
    """Whether something that was stored cannot be told any more."""
    repair: str | None
    """What `store repair` does about it; None: nothing."""
    advice: str | None
    """What else there is to do; None: nothing."""
    repaired: bool = False

    def to_json(self) -> dict[str, Any]:
        """The shape `nightside.store-finding/1`."""
        return {"schema": "nightside.store-finding/1", **asdict(self)}


@dataclass(slots=True)
class Compaction:
    """What a compaction did, in numbers."""

    segments_before: int = 0
    segments_after: int = 0
    pieces_before: int = 0
    """Of samples: how many stretches of signals the catalogue knew."""
    pieces_after: int = 0
    thinned: int = 0
    """So many (entity, month) have the means of hours now, where they had every change."""
    flips_deleted: int = 0
    """Of so many incidents."""
    work_deleted: int = 0
    """So many files that jobs of clusters have left."""
    files_deleted: int = 0
    """That nobody needed any more."""

    def to_json(self) -> dict[str, Any]:
        """The shape `nightside.store-compaction/1`."""
        return {"schema": "nightside.store-compaction/1", **asdict(self)}
