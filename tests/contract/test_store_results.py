"""Results of checks: put once, kept for good, read by country and time."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import check_results
import pytest

from nightside.model.check import CheckResult
from nightside.model.errors import UsageError
from nightside.store import result_segments, results
from nightside.store.protocol import Store

OpenStore = Callable[[], AbstractContextManager[Store]]

T0 = 1_419_131_400


def result(second: float, **other: Any) -> CheckResult:
    return check_results.result(T0 + second, **({"place": "berlin"} | other))


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of ten results, of which four become one, so that a test has many."""
    monkeypatch.setattr(results, "MOST_LOOSE", 10)
    monkeypatch.setattr(result_segments, "MOST_SMALL", 4)
    monkeypatch.setattr(result_segments, "SMALL_ROWS", 60)


def key(r: CheckResult) -> tuple[Any, ...]:
    return (round(r.at * 1000), r.place, r.target, r.kind, r.part, r.family)


def read(store: Store, country: str = "KP", begin: int = T0, end: int = T0 + 10_000) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store.results(country, begin, end).to_pylist()
    return rows


def as_row(r: CheckResult) -> dict[str, Any]:
    told = r.to_json()
    return {
        "at": told["at"],
        **{n: told[n] for n in ("place", "country", "target", "group", "kind", "part", "family", "address")},
        **{n: told[n] for n in ("outcome", "failed_in", "detail")},
        **told["phases"],
        "facts": told["facts"],
        "reconstruction": told["reconstruction"],
    }


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        r | {"at": r["at"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z", "facts": json.loads(r["facts"])}
        for r in rows
    ]


def test_an_empty_store_has_no_results_and_says_their_form(open_store: OpenStore) -> None:
    with open_store() as store:
        table = store.results("KP", T0, T0 + 1)
        assert table.num_rows == 0
        assert [str(f.type) for f in table.schema][:2] == [
            "timestamp[ms, tz=UTC]",
            "dictionary<values=string, indices=int32, ordered=0>",
        ]
        assert table.column_names == list(as_row(result(0)))
        assert store.result_countries() == []
        assert store.put_results([]) == 0


def test_what_was_put_is_there_in_order_once(open_store: OpenStore) -> None:
    later, earlier = result(2), result(1, place="tokyo", outcome="refused", failed_in="connect", detail="no")
    same_time = result(2, part="a", reconstruction=True)
    with open_store() as store:
        assert store.put_results([later, earlier, same_time, later]) == 3
        assert store.put_results([later, result(3)]) == 1
    with open_store() as store:
        assert plain(read(store)) == [as_row(r) for r in (earlier, later, same_time, result(3))]
        assert read(store, begin=T0 + 2, end=T0 + 3) == read(store)[1:3]
        assert store.results("KP", T0, T0 + 9, columns=("outcome", "at")).column_names == ["outcome", "at"]
        with pytest.raises(ValueError, match="nonsense"):
            store.results("KP", T0, T0 + 9, columns=("nonsense",))


def test_who_came_first_stays(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_results([result(1)])
        assert store.put_results([result(1, outcome="refused")]) == 0
        assert [r["outcome"] for r in read(store)] == ["ok"]


def test_countries_are_apart_and_canaries_are_none(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_results([result(1), result(1, country=""), result(1, country="SY")])
        assert store.result_countries() == ["KP", "SY"]
        for country in ("KP", "SY", ""):
            assert [r["country"] for r in read(store, country)] == [country]
        assert read(store, "DE") == []


@pytest.mark.parametrize("seed", range(4))
def test_many_pieces_answer_as_one(open_store: OpenStore, small_pieces: None, seed: int) -> None:
    """Results come late, twice and out of order, in batches; what is read is what a dict would hold."""
    random_ = random.Random(seed)
    held: dict[tuple[Any, ...], CheckResult] = {}
    with open_store() as store:
        for batch in range(60):
            some = [
                result(
                    random_.choice([batch * 10, random_.randrange(600)]) + random_.randrange(4) / 4,
                    place=random_.choice(["berlin", "tokyo"]),
                    part=random_.choice(["", "ns1", "ns2"]),
                    family=random_.choice([4, 6]),
                    outcome=random_.choice(["ok", "timed_out"]),
                )
                for _ in range(random_.randint(1, 9))
            ]
            new = 0
            for r in some:
                new += key(r) not in held
                held.setdefault(key(r), r)
            assert store.put_results(some) == new
            if batch % 7 == 0:
                assert plain(read(store)) == [as_row(held[k]) for k in sorted(held)]
    with open_store() as again:
        assert plain(read(again)) == [as_row(held[k]) for k in sorted(held)]
        begin, end = T0 + 200, T0 + 300
        assert plain(read(again, begin=begin, end=end)) == [
            as_row(held[k]) for k in sorted(held) if begin * 1000 <= k[0] < end * 1000
        ]


HOSTILE = [
    "'; DROP TABLE result; --",
    "../../etc/passwd",
    "a\0b\r\nc",
    "\ud800",
    "<script>alert(1)</script>",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_data(open_store: OpenStore, small_pieces: None, text: str) -> None:
    words = dict.fromkeys(("place", "target", "group", "part", "address", "detail"), text)
    expected = text.replace("\ud800", "?")
    with open_store() as store:
        for i in range(12):
            store.put_results([result(i, **words, facts={text: text})])
        rows = read(store)
        assert len(rows) == 12
        # A zero has no place in PostgreSQL's text; in JSON it is written as an escape.
        assert {r[word] for r in rows for word in words} == {expected.replace("\0", "\ufffd")}
        assert {r["facts"] for r in rows} == {
            json.dumps({expected: expected}, ensure_ascii=False, separators=(",", ":"))
        }


def test_sizes_are_bounded(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_results([result(1, detail="x" * 900, facts={"page": "y" * 5000})])
        (row,) = read(store)
        assert row["detail"] == "x" * 200
        assert json.loads(row["facts"]) == {"left_out_bytes": 5000 + len('{"page":""}')}


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": float("nan")},
        {"at": -1.0},
        {"at": 1e12},
        {"kind": "finger"},
        {"outcome": "fine"},
        {"family": 5},
        {"failed_in": "thought"},
        {"country": "kp"},
        {"country": "../"},
        {"country": "A/"},
        {"place": ""},
        {"target": "x" * 300},
        {"total_ms": float("inf")},
        {"connect_ms": -1.0},
        {"facts": {"a": float("nan")}},
        {"facts": {"a": object()}},
    ],
)
def test_what_is_no_result_is_refused_with_all_that_came_with_it(
    open_store: OpenStore, wrong: dict[str, Any]
) -> None:
    with open_store() as store:
        with pytest.raises(UsageError, match=next(iter(wrong))):
            store.put_results([result(1), replace(result(2), **wrong)])
        assert read(store) == []


def test_readers_go_on_meanwhile(open_store: OpenStore, small_pieces: None) -> None:
    """Each reader sees all that was put before it asked, while results come, become pieces, are merged and go."""
    puts = 150
    done = threading.Event()
    put: list[int] = [0]
    wrong: list[str] = []

    def go() -> None:
        with open_store() as store:
            while not done.is_set():
                least = put[0]
                try:
                    seen = [r["total_ms"] for r in read(store)]
                except Exception as error:  # whatever it is, the test must hear of it
                    wrong.append(repr(error))
                    return
                if len(seen) < 2 * least or seen != [i // 2 for i in range(len(seen))]:
                    wrong.append(f"{least} were put: {seen}")

    readers = [threading.Thread(target=go) for _ in range(3)]
    with open_store() as store:
        for thread in readers:
            thread.start()
        for i in range(puts):
            store.put_results([result(i, total_ms=i), result(i, total_ms=i, place="tokyo")])
            put[0] = i + 1
        done.set()
    for thread in readers:
        thread.join(30)
    assert wrong == []


def test_two_writers_at_once_lose_nothing(open_store: OpenStore, small_pieces: None) -> None:
    new: list[int] = []

    def go(begin: int) -> None:
        with open_store() as store:
            new.append(sum(store.put_results([result(i), result(i + 1)]) for i in range(begin, begin + 40)))

    writers = [threading.Thread(target=go, args=(begin,)) for begin in (0, 20)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join(60)
    with open_store() as store:
        assert len(read(store)) == 61
    assert sum(new) == 61


def test_it_is_told_of(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_results([result(1)])
        store.put_results([result(1)])
        assert [(c.kind, c.id) for c in store.changes(0, 9)] == [("results", None)]
