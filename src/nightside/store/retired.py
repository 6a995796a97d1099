"""Files that no row of the catalogue names any more, and when they go.

What was merged into another file is *retired*: its names are noted with the merging, and deleted by the next one, so
that who has just looked them up can read them still. What a writer left that was killed before it entered its file is
nobody's; it goes once it is too old to be one that is just being entered.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Set

from nightside.store import notes
from nightside.store.catalogue import Connection
from nightside.store.files import LEFT_S, Files, Listed


def retire(connection: Connection, files: Files, names: Iterable[str]) -> None:
    """Note that these files are needed no more; within the transaction that makes it so."""
    notes.put(connection, _note(files), json.dumps(sorted({*_noted(connection, files), *names})))


def delete_retired(connection: Connection, files: Files, known: Set[str]) -> int:
    """Delete the files that were retired before, and those that are nobody's; how many.

    `known` are the names that the catalogue has, in the same transaction. Raises OSError where the place refuses.
    """
    listing = files.listing()
    retired = _noted(connection, files) & {each.name for each in listing}
    gone = (retired - known) | set(nobodys(connection, files, listing, known))
    for name in sorted(gone):
        files.delete(name)
    notes.put(connection, _note(files), None)
    return len(gone) + files.delete_left()


def nobodys(connection: Connection, files: Files, listing: Iterable[Listed], known: Set[str]) -> list[str]:
    """The files that are neither known nor retired, and too old to be just being entered."""
    old = time.time() - LEFT_S
    retired = _noted(connection, files)
    return [each.name for each in listing if each.changed_s < old and each.name not in known | retired]


def _noted(connection: Connection, files: Files) -> set[str]:
    return set(json.loads(notes.get(connection, _note(files)) or "[]"))


def _note(files: Files) -> str:
    return f"retired/{files.name}"
