"""Who reads what: evenly, everything, and nothing moves that need not."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from nightside.engine.ingesters.shares import to_give, to_take

HOLDERS = [f"host-{n}" for n in range(6)]
COLLECTORS = [f"rrc{n:02d}" for n in range(12)]


@given(
    holders=st.sets(st.sampled_from(HOLDERS), min_size=1),
    count=st.integers(0, len(COLLECTORS)),
    held=st.dictionaries(st.sampled_from(COLLECTORS), st.sampled_from(HOLDERS)),
    turns=st.lists(st.sampled_from(HOLDERS), max_size=20),
)
def test_whoever_comes_and_goes_it_ends_evenly_shared(
    holders: set[str], count: int, held: dict[str, str], turns: list[str]
) -> None:
    collectors = COLLECTORS[:count]
    # The leases of those who are gone run out.
    held = {name: holder for name, holder in held.items() if holder in holders and name in collectors}

    def turn(holder: str) -> int:
        given_, taken = to_give(holder, holders, held, collectors), []
        for name in given_:
            assert held.pop(name) == holder
        taken = to_take(holder, holders, held, collectors)
        for name in taken:
            assert held.setdefault(name, holder) == holder
        return len(given_) + len(taken)

    for holder in turns:
        if holder in holders:
            turn(holder)
    for _ in range(3):
        for holder in sorted(holders):
            turn(holder)
    has = Counter(held.values())
    assert sorted(held) == collectors
    assert max(has[holder] for holder in holders) - min(has[holder] for holder in holders) <= 1
    assert not any(turn(holder) for holder in sorted(holders))


def test_one_that_comes_is_given_what_is_too_much_and_no_more() -> None:
    held = dict.fromkeys(COLLECTORS[:5], "first")
    holders = {"first", "second"}
    assert to_give("first", holders, held, COLLECTORS[:5]) == COLLECTORS[3:5]
    assert to_take("second", holders, held, COLLECTORS[:5]) == []
    held = dict.fromkeys(COLLECTORS[:3], "first")
    assert to_take("second", holders, held, COLLECTORS[:5]) == COLLECTORS[3:5]
    assert to_give("first", holders, held, COLLECTORS[:5]) == []


def test_more_programs_than_collectors_leave_some_without_any() -> None:
    assert to_take("b", {"a", "b", "c"}, {"rrc00": "a", "rrc01": "c"}, COLLECTORS[:2]) == []
    assert to_give("a", {"a", "b", "c"}, {"rrc00": "a", "rrc01": "c"}, COLLECTORS[:2]) == []
