"""The schedule and the judging agree: what is held back is not lost from sight."""

from __future__ import annotations

import numpy as np
import pytest

from nightside.checks.quorum import DOWN, UP, said
from nightside.checks.rounds import series_of
from nightside.checks.schedule import HEAVY, Schedule, plan
from nightside.model.check import CheckResult, Kind, Outcome, Target
from nightside.model.check_settings import CheckSettings

T = 1_763_812_800
UP_ROUNDS, DOWN_ROUNDS = 30, 90


@pytest.mark.parametrize("every_s", [30, 60, 300])
@pytest.mark.parametrize("kind", sorted(HEAVY))
def test_a_target_that_is_held_back_stays_down_without_a_break(kind: Kind, every_s: int) -> None:
    target = Target("t", kind, "g", "KP", "http://t.kp/" if kind == "http" else "t.kp")
    schedule = Schedule(plan([target], every_s), every_s)
    at, ok = [], []
    for number in range(UP_ROUNDS + DOWN_ROUNDS):
        for one in schedule.due(number, every_s * number):
            outcome: Outcome = "ok" if number < UP_ROUNDS else "timed_out"
            # A check may begin some seconds late: it waits for its turn at the host.
            at.append(T + every_s * number + one.offset_s + (number * 7) % 10)
            ok.append(outcome == "ok")
            schedule.told(
                one, [CheckResult(at[-1], "here", "KP", "t", "g", kind, "", 4, None, outcome, None, None)]
            )
    assert len(at) < UP_ROUNDS + 0.6 * DOWN_ROUNDS or every_s > 300, (
        "every second round of trouble is held back"
    )
    settings = CheckSettings()
    good = np.array(ok)
    rows = series_of(
        np.zeros(len(at), np.int64),
        (np.array(at) * 1000).astype(np.int64),
        good,
        good,
        np.zeros(1, np.int64),
        settings,
    )
    spans = said(rows, rows.ok, settings)
    told = sorted(zip(spans.begin.tolist(), spans.end.tolist(), spans.value.tolist(), strict=True))
    first_failed = round(at[ok.index(False)] * 1000)
    assert [value for *_, value in told] == [UP, DOWN]
    (_, up_end, _), (down_begin, down_end, _) = told
    assert up_end == down_begin == first_failed
    assert down_end > at[-1] * 1000
