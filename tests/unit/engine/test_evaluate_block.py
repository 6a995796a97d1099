"""A block by hand through the program and the reference rules: gaps, resets, late files, all as with files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nightside.engine.evaluate_block import run_block
from nightside.model.settings import Settings

T = 4 * 3600
Make = Callable[..., Any]


def spans(result: Any, rule: str, severity: str) -> list[tuple[int, int | None]]:
    begin = result.block.begin
    return [
        (e.onset - begin, None if e.end is None else e.end - begin)
        for e in result.told[rule].get("KP", [])
        if e.severity == severity
    ]


def test_a_total_loss_is_told_to_the_second(hand_block: Make, outage: Make) -> None:
    result = run_block(hand_block(outage(T + 10, T + 1810)), Settings(), False)
    assert [spans(result, "nightside", s) for s in ("partial", "severe", "total")] == [
        [(T + 10, T + 1810)]
    ] * 3
    assert spans(result, "exact-prefix", "total") == [(T + 10, T + 1810)]
    # Four units are no entity there.
    assert result.told["ioda"] == {}
    assert result.unknown["KP"] == []


def test_a_blink_of_few_sessions_is_told_by_the_exact_rule_only(hand_block: Make, outage: Make) -> None:
    result = run_block(hand_block(outage(T, T + 900, sessions=3)), Settings(), False)
    assert spans(result, "nightside", "partial") == []
    assert spans(result, "exact-prefix", "total") == [(T, T + 900)]


def test_most_sessions_down_is_unknown_and_no_outage(hand_block: Make, kp: tuple[str, ...]) -> None:
    down = [(T, "state", s, 1) for s in range(12)]
    back = [(T + 300, "state", s, 6) for s in range(12)] + [
        (T + 301, "up", s, n) for s in range(12) for n in kp
    ]
    result = run_block(hand_block(down + back), Settings(), False)
    assert spans(result, "nightside", "partial") == []
    begin = result.block.begin
    # 12 of 16 are away, so fewer than half are known, until all they had before is back.
    assert [(a - begin, b - begin) for a, b in result.unknown["KP"]] == [(T, T + 301)]


def test_an_outage_that_began_in_a_gap_of_all_is_in_doubt(hand_block: Make, outage: Make) -> None:
    missing = tuple((c, T + 300 * i) for c in range(2) for i in range(3))
    result = run_block(hand_block(outage(T + 600, T + 1800), missing=missing), Settings(), False)
    begin = result.block.begin
    # No sight until 900; and that all announced the networks anew at 1800 is all that was ever heard of it.
    assert spans(result, "nightside", "partial") == []
    assert [(a - begin, b - begin) for a, b in result.unknown["KP"]] == [(T, T + 900), (T, T + 1800)]


def test_a_late_file_is_heard_late_by_who_listens_live(hand_block: Make, outage: Make) -> None:
    late = {(c, T): 1200 for c in range(2)}
    result = run_block(hand_block(outage(T + 10, T + 7210), late=late), Settings(), True)
    begin = result.block.begin
    assert spans(result, "nightside", "total") == [(T + 10, T + 7210)]
    opened = [m for m in result.messages["KP"] if m.kind == "opened"]
    # The file ends 300 s after its begin, and is there 1,200 s after that.
    assert [m.at - begin for m in opened] == [T + 1500]


@pytest.mark.parametrize("as_live", [False, True])
def test_messages_only_where_they_are_asked_for(hand_block: Make, outage: Make, as_live: bool) -> None:
    result = run_block(hand_block(outage(T, T + 1800)), Settings(), as_live)
    assert (result.messages is not None) == as_live
