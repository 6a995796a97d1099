"""BGPlay's answers, good and bad, and the records made of them, read by hand with the standards (`mrt_record`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from struct import unpack_from
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mrt_record import Record, record_at
from ripestat_server import envelope

from nightside.model.errors import DownloadError, InputError
from nightside.sources.ripestat import Answer, Said, Source, read_answer, together
from nightside.sources.ripestat_mrt import collector_records
from nightside.wire.decoder import Decoder

T = 1_419_206_400
"""2014-12-22T00:00:00Z."""
ONE = Source("rrc00", "192.0.2.1", 100)
SIX = Source("rrc11", "2001:db8::1", 4_200_000_001)
NET = "175.45.176.0/24"


ROW = {"source_id": "00-192.0.2.1", "path": [100, 4837, 131279], "target_prefix": NET}


def data(**changes: Any) -> dict[str, Any]:
    """A small answer of one source and one prefix."""
    return {
        "query_starttime": "2014-12-22T00:00:00",
        "query_endtime": "2014-12-22T06:00:00",
        "sources": [{"as_number": 100, "rrc": "00", "id": "00-192.0.2.1", "ip": "192.0.2.1"}],
        "initial_state": [
            {"source_id": "00-192.0.2.1", "path": [100, 4837, 131279], "target_prefix": NET, "community": []}
        ],
        "events": [],
        **changes,
    }


def event(at: str, kind: str, **attrs: Any) -> dict[str, Any]:
    attrs = {"source_id": "00-192.0.2.1", "target_prefix": NET} | attrs
    return {"timestamp": at, "type": kind, "attrs": attrs}


def read(**changes: Any) -> Answer:
    return read_answer(envelope(data(**changes)), "http://there/")


def test_what_an_answer_says() -> None:
    answer = read(
        events=[
            event("2014-12-22T02:00:00", "A", path=[100, 20485, 131279]),
            event("2014-12-22T01:00:00", "W"),
        ]
    )
    assert (answer.begin, answer.end) == (T, T + 6 * 3600)
    assert answer.state == [Said(T, ONE, NET, (100, 4837, 131279))]
    assert answer.events == [
        Said(T + 3600, ONE, NET, None),
        Said(T + 7200, ONE, NET, (100, 20485, 131279)),
    ]
    assert answer.unusable == 0


@pytest.mark.parametrize("when", [T + 60, float(T + 60), "2014-12-22T00:01:00Z", "2014-12-22T02:01:00+02:00"])
def test_times_are_utc_however_they_are_written(when: object) -> None:
    (row,) = read(events=[{**event("", "W"), "timestamp": when}]).events
    assert row.second == T + 60


@pytest.mark.parametrize(
    "row",
    [
        event("2014-12-22T01:00:00", "B"),
        event("2014-12-22T01:00:00", "A"),
        event("2014-12-22T01:00:00", "A", path=[100, -1]),
        event("2014-12-22T01:00:00", "A", path=[2**32]),
        event("2014-12-22T01:00:00", "A", path="100 4837"),
        event("2014-12-22T01:00:00", "A", path=[100] * 1001),
        event("2014-12-22T01:00:00", "A", path=[100, [1] * 70_000]),
        event("2014-12-22T01:00:00", "W", target_prefix=5),
        event("2014-12-22T01:00:00", "W", target_prefix="175.45.176.1/24"),
        event("2014-12-22T01:00:00", "W", target_prefix="2001:db8::/32"),
        event("2014-12-22T01:00:00", "W", source_id="00-192.0.2.9"),
        event("2014-12-21T23:59:59", "W"),
        event("2014-12-22T07:00:00", "W"),
        event("yesterday", "W"),
        {"type": "W"},
        "W",
        None,
    ],
)
def test_a_row_that_is_none_is_counted_and_left_out(row: object) -> None:
    answer = read(events=[event("2014-12-22T01:00:00", "W"), row])
    assert len(answer.events) == 1
    assert answer.unusable == 1
    assert len(answer.example) < 300


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"[1]", "not an answer of BGPlay"),
        (b'{"status": "ok"}', "not an answer of BGPlay"),
        (envelope(data(sources=[{"id": "x"}])), "not an answer of BGPlay"),
        (envelope(data(sources=[{"as_number": 1, "rrc": "../..", "id": "x", "ip": "::1"}])), "no collector"),
        (envelope(data(sources=[{"as_number": 1, "rrc": "00", "id": "x", "ip": "here"}])), "not an answer"),
        (envelope(data(sources=[{"as_number": 1, "rrc": "00", "id": "x", "ip": 5}])), "no text"),
        (envelope(data(query_starttime="0001-01-01T00:00:00")), "no time"),
        (envelope(data(query_starttime="never")), "not an answer of BGPlay"),
        (envelope(data(query_starttime="2014-12-22T06:00:00")), "ends before it begins"),
        (envelope(data(initial_state=3)), "not an answer of BGPlay"),
    ],
)
def test_what_is_no_answer_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        read_answer(content, "http://there/")
    assert refused.value.where == "http://there/"


def test_an_error_of_ripestat_is_told_with_its_words() -> None:
    with pytest.raises(DownloadError, match="under maintenance"):
        read_answer(envelope({}, "maintenance"), "http://there/")


def test_answers_about_the_same_prefix_are_taken_once() -> None:
    wide = read(events=[event("2014-12-22T01:00:00", "W")])
    other = event("2014-12-22T00:30:00", "W", target_prefix="175.45.177.0/24")
    narrow = read(query_endtime="2014-12-22T05:00:00", events=[event("2014-12-22T01:00:00", "W"), other])
    whole = together([wide, narrow])
    assert whole.end == T + 5 * 3600
    assert len(whole.state) == 1
    assert [row.prefix for row in whole.events] == ["175.45.177.0/24", NET]
    with pytest.raises(InputError, match="different times"):
        together([wide, read(query_starttime="2014-12-21T23:00:00")])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=8), some, max_size=3),
    max_leaves=6,
)


@given(
    name=st.sampled_from(sorted(data())), whole=JSON, row=JSON, key=st.sampled_from(sorted(ROW)), cell=JSON
)
@settings(max_examples=300, deadline=None)
def test_no_answer_raises_anything_but_its_own_errors(
    name: str, whole: object, row: object, key: str, cell: object
) -> None:
    rows = [{**ROW, key: cell}, row, event("2014-12-22T01:00:00", "A", **{**ROW, key: cell})]
    for changes in ({name: whole}, {"initial_state": rows}, {"events": rows}, {"sources": [row]}):
        try:
            answer = read(**changes)
        except (InputError, DownloadError):
            continue
        # Whatever was taken can be written down.
        for content in collector_records(answer).values():
            decoder = Decoder()
            decoder.start("x")
            assert all(
                columns.count >= 0 for part in (decoder.feed(content), decoder.finish()) for columns in part
            )
            assert decoder.skipped == []


def records(content: bytes) -> Iterator[Record]:
    at = 0
    while at < len(content):
        yield record_at(content, at)
        at += 12 + unpack_from(">I", content, at + 8)[0]


def test_a_source_comes_up_announces_what_it_held_and_says_that_this_is_all() -> None:
    answer = read(events=[event("2014-12-22T01:00:00", "W")])
    (content,) = collector_records(answer).values()
    told = list(records(content))
    assert [record.kind for record in told] == ["state", "update", "update", "update"]
    assert {(record.peer_asn, record.peer_address) for record in told} == {(100, "192.0.2.1")}
    assert [record.time for record in told] == [T, T, T, T + 3600]
    assert (told[1].announced, told[1].path) == ([NET], "100 4837 131279")
    assert (told[2].announced, told[2].withdrawn) == ([], []), "no End-of-RIB (RFC 4724, section 2)"
    assert told[3].withdrawn == [NET]


def test_a_source_that_held_nothing_comes_up_with_its_first_announcement() -> None:
    answer = Answer(T, T + 60)
    answer.events = [
        Said(T + 1, ONE, NET, None),
        Said(T + 2, ONE, NET, (100, 1)),
        Said(T + 3, ONE, NET, (100, 1)),
    ]
    (content,) = collector_records(answer).values()
    assert [(r.time - T, r.kind) for r in records(content)] == [
        (1, "update"),
        (2, "state"),
        (2, "update"),
        (3, "update"),
    ]


def test_sets_long_paths_and_peers_by_ipv6_reach_the_decoder() -> None:
    long = tuple(range(1000, 1300))
    paths = [(100, 4837, (131279, 131280)), long, ()]
    nets = [f"175.45.{176 + n}.0/24" for n in range(3)]
    answer = Answer(T, T + 60, state=[Said(T, SIX, *each) for each in zip(nets, paths, strict=True)])
    assert list(collector_records(answer)) == ["rrc11"]
    decoder = Decoder()
    decoder.start("x")
    found = [
        columns.paths[columns.path_start[i] : columns.path_start[i] + columns.path_count[i]].tolist()
        for part in (decoder.feed(collector_records(answer)["rrc11"]), decoder.finish())
        for columns in part
        for i in range(columns.count)
        if columns.kind[i] == 1
    ]
    assert [(p.address, p.asn) for p in decoder.peers] == [("2001:db8::1", 4_200_000_001)]
    assert decoder.skipped == []
    assert found == [[100, 4837, 131279, 131280], list(long), []]


def test_a_set_may_be_a_list_or_text_in_braces() -> None:
    answer = read(
        events=[
            event("2014-12-22T01:00:00", "A", path=[100, [1, 2]]),
            event("2014-12-22T01:00:01", "A", path=["100", "{1,2}"]),
        ]
    )
    assert [row.path for row in answer.events] == [(100, (1, 2)), (100, (1, 2))]


def test_the_real_answer_is_used_to_the_last_row(shared_data: Any) -> None:
    real = json.loads((shared_data / "feeds/ripestat/bgPlay.json").read_bytes())
    answer = read_answer(envelope(real), "x")
    assert (len(answer.state), len(answer.events)) == (len(real["initial_state"]), len(real["events"]))
    assert answer.unusable == 0
    assert len({row.source for row in answer.state}) == len(real["sources"])
