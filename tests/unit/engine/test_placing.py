"""Which job goes where, and what follows from an outcome; instants are made up."""

from __future__ import annotations

import pytest

from nightside.engine.executors.placing import LONGEST_REST_S, MOST_AHEAD, TOLERATED, Place, Placing
from nightside.engine.executors.protocol import DEATHS, TRIES, Job
from nightside.model.errors import InputError, NightsideError, UsageError

ERROR = NightsideError("it did not work")


def work(_number: int) -> None:
    """Never called here."""


def placing(*places: Place, jobs: int = 0, ahead_s: float = 0.0) -> Placing:
    made = Placing(ahead_s)
    made.places = {place.address: place for place in places}
    for number in range(jobs):
        made.add(number, Job(str(number), work, (number,)))
    return made


def test_of_those_that_wait_the_largest_is_begun_first() -> None:
    made, place = placing(), Place("a", threads=4)
    for number, size in enumerate((5, 900, 40, 900)):
        made.add(number, Job(str(number), work, bytes=size))
    assert [made.choose(place, 0) for _ in range(5)] == [1, 3, 2, 0, None]
    assert not made.waiting
    assert len(made) == 4


def test_a_failed_job_goes_to_another_host_before_another_worker() -> None:
    a, b, c = Place("a", "one"), Place("b", "one"), Place("c", "two")
    made = placing(a, b, c, jobs=1)
    assert made.choose(a, 0) == 0
    assert made.failed(a, 0, ERROR, 0) is None
    # It waits for the other host, though others have nothing to do.
    assert [made.choose(place, 0) for place in (a, b)] == [None, None]
    assert made.choose(c, 0) == 0
    assert made.failed(c, 0, ERROR, 0) is None
    # No host is left; a worker is.
    assert [made.choose(place, 0) for place in (a, c)] == [None, None]
    assert made.choose(b, 0) == 0
    failed = made.failed(b, 0, ERROR, 0)
    assert failed is not None
    assert (failed.number, failed.error, failed.tries) == (0, ERROR, TRIES)
    assert len(made) == 0


def test_who_is_paused_is_not_waited_for() -> None:
    a, b, c = Place("a", "one"), Place("b", "one"), Place("c", "two", paused=True)
    made = placing(a, b, c, jobs=1)
    made.choose(a, 0)
    made.failed(a, 0, ERROR, 0)
    assert made.choose(b, 0) == 0


def test_where_there_is_no_elsewhere_it_is_tried_here() -> None:
    a = Place("a")
    made = placing(a, jobs=1)
    for _ in range(TRIES - 1):
        assert made.choose(a, 0) == 0
        assert made.failed(a, 0, ERROR, 0) is None
    assert made.choose(a, 0) == 0
    assert made.failed(a, 0, ERROR, 0) is not None


@pytest.mark.parametrize("error", [InputError("no input"), UsageError("no such country")])
def test_what_is_the_same_everywhere_is_tried_once(error: Exception) -> None:
    a, b = Place("a"), Place("b")
    made = placing(a, b, jobs=1)
    made.choose(a, 0)
    failed = made.failed(a, 0, error, 0)
    assert failed is not None
    assert failed.tries == 1


def test_a_worker_on_which_all_fails_rests_while_others_work() -> None:
    full, good = Place("full", "one"), Place("good", "two")
    made = placing(full, good, jobs=100)
    made.choose(good, 0)
    made.done(good, 0, 1.0)
    for _ in range(TOLERATED):
        number = made.choose(full, 0)
        assert number is not None
        made.failed(full, number, ERROR, 0)
    assert made.choose(full, 0.9) is None
    number = made.choose(full, 1)
    assert number is not None
    made.failed(full, number, ERROR, 1)
    # Longer each time, but never for good.
    assert made.choose(full, 2.9) is None
    for _ in range(10):
        number = made.choose(full, full.rests_until_s)
        assert number is not None
        made.failed(full, number, ERROR, full.rests_until_s)
    began_s = full.rests_until_s
    number = made.choose(full, began_s)
    assert number is not None
    made.failed(full, number, ERROR, began_s)
    assert full.rests_until_s == began_s + LONGEST_REST_S
    # It is forgiven at once.
    number = made.choose(full, full.rests_until_s)
    assert number is not None
    made.done(full, number, 1.0)
    number = made.choose(full, full.rests_until_s)
    assert number is not None
    made.failed(full, number, ERROR, full.rests_until_s)
    assert made.choose(full, full.rests_until_s) is not None


def test_jobs_that_fail_everywhere_make_nobody_rest() -> None:
    a, b = Place("a"), Place("b")
    made = placing(a, b, jobs=50)
    for _ in range(50 * TRIES // 2 + 1):
        for place in (a, b):
            number = made.choose(place, 0)
            if number is not None:
                made.failed(place, number, ERROR, 0)
    assert len(made) == 0


def test_only_what_was_begun_is_held_against_a_job_whose_worker_died() -> None:
    a = Place("a")
    made = placing(a, jobs=60, ahead_s=0.1)
    made.choose(a, 0)
    made.done(a, 0, 0.02)
    held = []
    while (number := made.choose(a, 0)) is not None:
        held.append(number)
    # One that it does, and of those that take 20 ms each five wait.
    assert held == [1, 2, 3, 4, 5, 6]
    for number in held:
        assert made.died(a, number, ERROR) is None
    # From now on each of them is given alone; the first has one death, the others none.
    for number, more in ((1, DEATHS - 1), (2, DEATHS)):
        for left in range(more, 0, -1):
            assert made.choose(a, 0) == number
            assert made.choose(a, 0) is None
            failed = made.died(a, number, ERROR)
            assert (failed is None) == (left > 1)
        assert failed is not None
        assert failed.tries == DEATHS


def test_only_short_jobs_are_given_ahead_and_only_so_many() -> None:
    a = Place("a", threads=2)
    made = placing(a, jobs=500, ahead_s=0.1)
    # Nothing is known of them yet.
    assert [made.choose(a, 0) for _ in range(3)] == [0, 1, None]
    made.done(a, 0, 0.3)
    assert [made.choose(a, 0), made.choose(a, 0)] == [2, None]
    quick = Place("b")
    made = placing(quick, jobs=500, ahead_s=0.1)
    made.choose(quick, 0)
    made.done(quick, 0, 0.0)
    while made.choose(quick, 0) is not None:
        pass
    assert len(quick.held) == 1 + MOST_AHEAD


def test_who_is_paused_gets_nothing_and_what_is_put_back_is_done_by_others() -> None:
    a, b = Place("a", paused=True), Place("b")
    made = placing(a, b, jobs=1)
    assert made.choose(a, 0) is None
    assert made.choose(b, 0) == 0
    made.put_back(b, 0)
    a.paused = False
    assert made.choose(a, 0) == 0
