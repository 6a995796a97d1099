"""A place for tests, run as a process: an agent whose checks are made up, `COUNT` every 20 ms, each with its number.

    python agent_at.py URL STORE FIRST COUNT [MOST]

A line with the next number is on standard output once all before it are kept. It ends after MOST results, once they
are handed in; without MOST it goes on. Pauses are a fifth of a second, so that tests need not wait.
"""

from __future__ import annotations

import asyncio
import sys
import time
from itertools import repeat
from pathlib import Path

from check_results import result

from nightside.engine.checks.agent import Agent, asked_agent


async def main(url: str, store: str, first: str, count: str, most: str = "0") -> None:
    number, each, last = int(first), int(count), int(first) + int(most)
    agent = Agent(
        asked_agent(url),
        Path(store),
        warn=lambda text: print(text, file=sys.stderr, flush=True),
        wait=lambda: repeat(0.2),
    )
    async with agent.at_work(20.0):
        while last == int(first) or number < last:
            found = [
                result(time.time(), place=agent.place, target=f"t{number + i}", total_ms=float(number + i))
                for i in range(each)
            ]
            await asyncio.to_thread(agent.keep, found)
            number += each
            print(number, flush=True)
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
