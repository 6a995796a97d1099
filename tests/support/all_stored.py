"""All that a store says, in a form that can be compared: two stores are equal where this is equal."""

from __future__ import annotations

from typing import Any

from nightside.model.ndjson import dumps
from nightside.store.protocol import Store

FOREVER = (0, 2**31)


def all_stored(store: Store) -> dict[str, Any]:
    """Incidents with all revisions, series, messages, flips; entities and their samples and hours, as text."""
    said: dict[str, Any] = {"order": [incident["id"] for incident in store.incidents()]}
    ids = sorted({*said["order"], *_merged(store)})
    for id in ids:
        flips = store.flips(id)
        said[id] = {
            "latest": dumps(store.incident(id)),
            "revisions": [dumps(store.revision(id, number)) for number in store.revisions(id)],
            "series": repr(store.series(id)),
            "messages": dumps(store.messages(id)),
            "flips": None if flips is None else repr((flips.schema.metadata, flips.read_all().to_pylist())),
        }
    for state in store.entities():
        of = f"{state.type} {state.code}"
        said[of] = repr(state)
        said[f"{of}: samples"] = repr(store.samples(state.type, state.code, *FOREVER).to_pylist())
        said[f"{of}: hours"] = repr(store.rollup(state.type, state.code, *FOREVER).to_pylist())
    return said


def apart(some: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is not the same in two stores, by name: a difference of all is too long to be printed."""
    names = sorted({*some, *other})
    return {name: (some.get(name), other.get(name)) for name in names if some.get(name) != other.get(name)}


def _merged(store: Store) -> set[str]:
    """The ids of incidents that are listed no more."""
    return {change.id for change in store.changes(0, 1_000_000) if change.id is not None}
