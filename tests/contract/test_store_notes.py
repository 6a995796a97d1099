"""Notes in any store: small things by name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from nightside.store.protocol import Store

OpenStore = Callable[[], AbstractContextManager[Store]]


def test_what_was_noted_is_there_for_everybody(open_store: OpenStore) -> None:
    with open_store() as one:
        assert one.note("day 2014-12-21") is None
        one.put_note("day 2014-12-21", "half")
        one.put_note("day 2014-12-21", 'done\n{"ü": "日"} %s ? \'"')
    with open_store() as two:
        assert two.note("day 2014-12-21") == 'done\n{"ü": "日"} %s ? \'"'
        two.put_note("day 2014-12-21", None)
        two.put_note("never there", None)
        assert two.notes() == {}


def test_they_are_listed_by_name_and_as_far_as_asked(open_store: OpenStore) -> None:
    with open_store() as store:
        for name in ("b/2", "a/1", "B/1", "b/10", "b_", "ü/1", "b"):
            store.put_note(name, f"of {name}")
        # As code points are in order, whatever language the store's server speaks.
        assert list(store.notes()) == ["B/1", "a/1", "b", "b/10", "b/2", "b_", "ü/1"]
        assert store.notes("b/") == {"b/10": "of b/10", "b/2": "of b/2"}
        assert list(store.notes("ü")) == ["ü/1"]
        assert store.notes("%") == {}


def test_a_note_may_be_empty_or_long(open_store: OpenStore) -> None:
    long = "x" * 1_000_000
    with open_store() as store:
        store.put_note("empty", "")
        store.put_note("long", long)
        assert store.note("empty") == ""
        assert store.note("long") == long


def test_a_note_is_no_news(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_note("n", "x")
        assert store.last_change() == 0
