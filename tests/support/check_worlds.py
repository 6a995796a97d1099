"""Results of checks made up: by chance, and by scripts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import check_results
import pyarrow as pa

from nightside.checks.judging import COLUMNS
from nightside.model.check import CheckResult, Kind

T0 = 1_419_120_000
"""2014-12-21T00:00:00Z."""


def result(second: float, place: str = "berlin", country: str = "KP", **other: Any) -> CheckResult:
    given: dict[str, Any] = {
        "place": place,
        "country": country,
        "group": "state media" if country else "canary",
        "total_ms": 100.0,
        "facts": {},
    }
    return check_results.result(T0 + second, **(given | other))


def table(results: Sequence[CheckResult]) -> pa.Table:
    """As `Store.results` gives them, in the order given."""
    kinds = {
        "at": pa.timestamp("ms", "UTC"),
        "family": pa.uint8(),
        "total_ms": pa.float64(),
        "reconstruction": pa.bool_(),
    }
    return pa.table(
        {
            name: pa.array(
                [round(r.at * 1000) if name == "at" else getattr(r, name) for r in results],
                kinds.get(name, pa.string()),
            )
            for name in COLUMNS
        }
    )


def by_chance(seed: int, seconds: int = 1200) -> list[CheckResult]:
    """Some places, with canaries or without, that check some parts now and then, and fail in streaks."""
    random_ = random.Random(seed)
    found: list[CheckResult] = []
    for place in random_.sample(["berlin", "tokyo", "lima", "oslo"], random_.randint(1, 4)):
        every = random_.choice([30, 60, 60, 120])
        canaries = random_.choice([0, 0, 1, 2, 3])
        what = [("", f"c{i}", "") for i in range(canaries)]
        what += [("KP", "zone", f"ns{i}") for i in range(random_.randint(1, 2))]
        for country, target, part in what:
            at, bad = float(random_.randrange(every)), False
            begin, end = random_.randrange(300), seconds - random_.randrange(300)
            while at < end:
                bad ^= random_.random() < 0.2
                outcome = random_.choice(["timed_out", "refused"]) if bad else "ok"
                if random_.random() < 0.05:
                    outcome = "not_possible"
                if at >= begin and random_.random() > 0.08:
                    kind: Kind = "dns" if country else "icmp"
                    found.append(
                        result(at, place, country, target=target, part=part, kind=kind, outcome=outcome)
                    )
                at += every + random_.choice([0, 0, 1, 7])
    return found


def every(step_s: float, begin: float, end: float, made: Callable[[float], CheckResult]) -> list[CheckResult]:
    """A result at every step."""
    found, at = [], begin
    while at < end:
        found.append(made(at))
        at += step_s
    return found
