"""A place for tests, run as a process in its network: real checks, round after round, handed in by a real agent.

    python place_at.py TARGETS CANARIES RESOLVER ROUND_S PHASE_S URL STORE

Rounds take ROUND_S instead of a minute, and every other time of the schedule is as many times shorter; a phase of a
check takes PHASE_S at most. The token is in
NIGHTSIDE_AGENT_TOKEN. A line for every round is on standard output. It ends when it is told to.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from pathlib import Path

from nightside.checks import schedule, trace
from nightside.checks.limits import CheckLimits
from nightside.checks.names import Resolver
from nightside.checks.probe import Probe
from nightside.checks.targets import read_targets
from nightside.engine.checks.agent import Agent, asked_agent
from nightside.engine.checks.runner import Rounds

ROUND_S = 60.0
"""What all times of the schedule are made for."""


def shorten(share: float) -> None:
    """The times of the schedule, which nobody can set, by this share."""
    for name in ("SAME_KIND_S", "HELD_S", "TRACE_EVERY_S", "TRACE_AGAIN_S"):
        setattr(schedule, name, getattr(schedule, name) * share)
    trace.QUIET_S = 0.5


async def main(
    targets: str, canaries: str, resolver: str, round_s: str, phase_s: str, url: str, store: str
) -> None:
    every_s, limit_s = float(round_s), float(phase_s)
    shorten(every_s / ROUND_S)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    agent = Agent(asked_agent(url), Path(store), warn=say, wait=lambda: itertools.repeat(0.3))
    given, watched = read_targets(Path(targets)), read_targets(Path(canaries), country="")
    probe = Probe(
        agent.place,
        Resolver(resolver, keep_s=0.9 * every_s),
        time.time,
        "nightside (tests)",
        CheckLimits(phase_s=limit_s, total_s=1.5 * limit_s),
    )
    await agent.run_with(
        Rounds(
            planned=schedule.plan([*given.targets, *watched.targets], every_s),
            every_s=every_s,
            probes={"": probe, given.country: probe},
            keep=agent.keep,
            warn=say,
            began=lambda number, due: print(number, due, time.time(), flush=True),
        )
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
