"""The arithmetic of the figures against published table values and against first principles."""

from __future__ import annotations

from math import exp, factorial

import pytest

from nightside.engine.scoring_statistics import percentile, poisson_upper, wilson

UPPER_95 = {0: 2.996, 1: 4.744, 2: 6.296, 3: 7.754, 4: 9.154, 5: 10.513, 10: 16.962}
"""One-sided 95 % upper bounds of a Poisson mean, as tables of the chi-squared distribution give them."""


@pytest.mark.parametrize(("events", "bound"), UPPER_95.items())
def test_the_poisson_bound_is_the_tables(events: int, bound: float) -> None:
    assert poisson_upper(events) == pytest.approx(bound, abs=6e-4)


@pytest.mark.parametrize("events", [0, 1, 7, 40])
def test_at_the_bound_so_few_events_have_the_chance_of_five_in_a_hundred(events: int) -> None:
    mean = poisson_upper(events)
    chance = sum(exp(-mean) * mean**k / factorial(k) for k in range(events + 1))
    assert chance == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (8, 10, 0.4902, 0.9433), (50, 100, 0.4038, 0.5962)],
)
def test_wilson_is_the_published_interval(hits: int, of: int, low: float, high: float) -> None:
    interval = wilson(hits, of)
    assert interval is not None
    assert interval == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_of_nothing_there_is_no_interval() -> None:
    assert wilson(0, 0) is None


def test_percentiles_are_values_that_were_measured() -> None:
    values = list(range(1, 21))
    assert percentile(values, 0.5) == 10
    assert percentile(values, 0.95) == 19
    assert percentile([7], 0.95) == 7
    assert percentile([], 0.5) is None
