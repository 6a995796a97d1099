"""What a place hands in is looked at line by line: stored once, or refused with its reason."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from check_results import line, result

from nightside.engine.checks.taking import MOST_TOLD, Taking
from nightside.model.errors import NightsideError
from nightside.model.token import Token
from nightside.store.embedded import EmbeddedStore

NOW = 1_795_345_200
DIGEST = b"\x07" * 32
SCHEMAS = Path(__file__).resolve().parents[3] / "src" / "nightside" / "model" / "schemas"


class Clock:
    def __init__(self) -> None:
        self.at = float(NOW)

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with EmbeddedStore(tmp_path / "store") as store:
        store.put_token(Token("checks", "tokyo-1", DIGEST, NOW - 100))
        yield store


def stored(store: EmbeddedStore) -> int:
    return sum(store.results(c, 0, 1 << 32).num_rows for c in store.result_countries())


def test_what_is_new_is_taken_and_again_is_known(store: EmbeddedStore) -> None:
    taking = Taking(store, now=Clock())
    lines = [line(result(NOW - 60 + i)) for i in range(3)]
    first = taking.take("tokyo-1", DIGEST, lines)
    assert (first.taken, first.known, first.refused, first.results) == (3, 0, 0, 3)
    again = taking.take("tokyo-1", DIGEST, [*lines, line(result(NOW)), line(result(NOW)), b"", b"  "])
    assert (again.taken, again.known, again.refused, again.results) == (1, 4, 0, 5)
    assert stored(store) == 4


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (NOW + 300, None),
        (NOW + 301, "future: 5 minutes ahead"),
        (NOW + 3600, "future: 1 hour ahead"),
        (NOW - 7 * 86_400, None),
        (NOW - 7 * 86_400 - 1, "older than 7 days"),
        (NOW - 30 * 365 * 86_400, "older than 7 days"),
    ],
)
def test_only_what_may_have_been_seen_lately_is_believed(
    store: EmbeddedStore, at: float, why: str | None
) -> None:
    found = Taking(store, now=Clock()).take("tokyo-1", DIGEST, [line(result(at))])
    assert (found.taken, found.refused, found.results) == ((1, 0, 1) if why is None else (0, 1, 1))
    assert why is None or why in found.first_refused[0].why
    assert stored(store) == found.taken


def test_nobody_speaks_for_another_place(store: EmbeddedStore) -> None:
    lines = [line(result(NOW, place="berlin")), line(result(NOW))]
    found = Taking(store, now=Clock()).take("tokyo-1", DIGEST, lines)
    assert (found.taken, [r.line for r in found.first_refused]) == (1, [1])
    assert "another place" in found.first_refused[0].why
    assert set(store.results("KP", 0, 1 << 32)["place"].to_pylist()) == {"tokyo-1"}


def test_a_place_hands_in_nothing_that_is_made_up(store: EmbeddedStore) -> None:
    """One such result would have all of a country's services told as a reconstruction."""
    lines = [line(result(NOW), reconstruction=True), line(result(NOW + 1))]
    found = Taking(store, now=Clock()).take("tokyo-1", DIGEST, lines)
    assert (found.taken, [r.line for r in found.first_refused]) == (1, [1])
    assert "reconstruction" in found.first_refused[0].why


HOSTILE: list[tuple[bytes, str]] = [
    (b"no json", "no JSON"),
    (b"[1]", "not an object"),
    (b"\xff\xfe", "no JSON"),
    (b'{"a":' * 100_000, "longer than"),
    (b"[" * 9_000 + b"]" * 7_000, "no JSON"),
    (line(result(NOW), at="2026-11-22T12:00:00Z"), "`at`"),
    (line(result(NOW), at="2026-13-45T99:00:00.000Z"), "`at`"),
    (line(result(NOW), kind="exec"), "`kind`"),
    (line(result(NOW), outcome="lovely"), "`outcome`"),
    (line(result(NOW), outcome=["ok"]), "`outcome`"),
    (line(result(NOW), family=True), "`family`"),
    (line(result(NOW), schema="nightside.check/2"), "`schema`"),
    (line(result(NOW), more=1), "not known"),
    (line(result(NOW), part="p" * 254), "`part`"),
    (line(result(NOW), target="t" * 101), "`target`"),
    (line(result(NOW), detail="d" * 201), "`detail`"),
    (line(result(NOW), facts={"a": "f" * 4_096}), "`facts`"),
    (line(result(NOW), facts=None), "`facts`"),
    (line(result(NOW), phases={}), "`phases`"),
    (line(result(NOW), address="\ud800"), "no JSON"),
]


@pytest.mark.parametrize(("hostile", "why"), HOSTILE)
def test_what_is_no_result_is_refused_and_the_others_are_taken(
    store: EmbeddedStore, hostile: bytes, why: str
) -> None:
    found = Taking(store, now=Clock()).take("tokyo-1", DIGEST, [line(result(NOW)), hostile])
    assert (found.taken, found.known, found.refused, found.results) == (1, 0, 1, 1)
    assert found.first_refused[0].line == 2
    assert why in found.first_refused[0].why
    assert len(found.first_refused[0].why) <= 200


def test_words_of_a_target_stay_data(store: EmbeddedStore) -> None:
    said = "'; DROP TABLE result; --<script>\x1b[2J\u202e"
    found = Taking(store, now=Clock()).take(
        "tokyo-1", DIGEST, [line(result(NOW, target=said, part="../../x", detail=said, facts={said: said}))]
    )
    assert found.taken == 1
    row = store.results("KP", NOW - 1, NOW + 1).to_pylist()[0]
    assert (row["target"], row["detail"], json.loads(row["facts"])) == (said, said, {said: said})


def test_of_many_refused_the_first_are_told_and_all_counted(store: EmbeddedStore) -> None:
    found = Taking(store, now=Clock()).take("tokyo-1", DIGEST, [b"x"] * 1000)
    assert (found.refused, len(found.first_refused), found.results) == (1000, MOST_TOLD, 0)


def test_the_answer_has_its_shape(store: EmbeddedStore) -> None:
    found = Taking(store, now=Clock()).take("tokyo-1", DIGEST, [line(result(NOW)), *[b"x"] * 30])
    schema = json.loads((SCHEMAS / "handed-in-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(found.to_json())
    assert found.to_json()["at"] == "2026-11-22T11:00:00.000Z"


def test_a_store_that_cannot_write_has_taken_nothing(store: EmbeddedStore, tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "store", read_only=True) as shut, pytest.raises(NightsideError):
        Taking(shut, now=Clock()).take("tokyo-1", DIGEST, [line(result(NOW)), line(result(NOW + 1))])
    assert stored(store) == 0
    assert Taking(store, now=Clock()).take("tokyo-1", DIGEST, [line(result(NOW))]).taken == 1


def test_when_a_place_was_heard_is_noted_by_the_minute(store: EmbeddedStore) -> None:
    clock = Clock()
    taking = Taking(store, now=clock)
    heard = []
    for at in (0, 30, 59, 60, 200):
        clock.at = NOW + at
        taking.take("tokyo-1", DIGEST, [line(result(clock.at))])
        heard.append(store.tokens("checks")[0].heard)
    assert heard == [NOW, NOW, NOW, NOW + 60, NOW + 200]


def test_a_clock_that_is_off_is_told_once_until_it_is_right(
    store: EmbeddedStore, caplog: pytest.LogCaptureFixture
) -> None:
    taking = Taking(store, now=Clock())
    ahead, right = [line(result(NOW + 7_200))], [line(result(NOW))]
    with caplog.at_level(logging.WARNING):
        for lines in (ahead, ahead, right, ahead):
            taking.take("tokyo-1", DIGEST, lines)
    said = [r.getMessage() for r in caplog.records]
    assert len(said) == 2
    assert all("tokyo-1" in words and "2 hours ahead" in words for words in said)
