"""How fast the services of a country are judged: what `show`, the page and the API wait for.

    python -m bench.services [--days N] [--rounds N]

Stores what three places found of 25 parts and four canaries, every minute for N days, and asks for the services of all
of these days. Reading, judging and findings are within; the first answer also loads the registry's table of addresses.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from statistics import median

from nightside.engine.services import services_of
from nightside.model.check import CheckResult, Kind
from nightside.store.embedded import EmbeddedStore

BEGIN = 1_419_120_000
"""2014-12-21T00:00:00Z."""
DAY_S = 86_400
PLACES = ("berlin", "lima", "tokyo")
KINDS: tuple[Kind, ...] = ("http", "dns", "smtp", "tls", "icmp")
PARTS, CANARIES = 25, 4


def minute(number: int, down: bool) -> list[CheckResult]:
    """A round of all places."""
    found = []
    for place in PLACES:
        for n in range(PARTS + CANARIES):
            canary = n >= PARTS
            failed = down and not canary
            found.append(
                CheckResult(
                    at=BEGIN + number * 60 + n * 2,
                    place=place,
                    country="" if canary else "KP",
                    target=f"target {n}",
                    group="group",
                    kind="icmp" if canary else KINDS[n % len(KINDS)],
                    part="",
                    family=4,
                    address=f"175.45.176.{n}",
                    outcome="timed_out" if failed else "ok",
                    failed_in="connect" if failed else None,
                    detail=None,
                    total_ms=None if failed else 200 + (number * 7 + n) % 100,
                    facts={"round": number},
                )
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder)) as store:
        minutes = asked.days * DAY_S // 60
        puts = []
        for number in range(minutes):
            results = minute(number, down=minutes * 0.4 < number < minutes * 0.5)
            began = time.perf_counter()
            store.put_results(results)
            puts.append(time.perf_counter() - began)
        files = [path.stat().st_size for path in Path(folder).rglob("*.parquet")]
        took = []
        for _ in range(asked.rounds + 1):
            began = time.perf_counter()
            found = services_of(store, "KP", BEGIN, BEGIN + asked.days * DAY_S)
            took.append(time.perf_counter() - began)
    assert found is not None
    rows = PARTS * len(PLACES) * minutes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{rows:,} results of {asked.days} days, {len(files)} segments, {sum(files) / rows:.1f} bytes a result"
    )
    print(f"a round stored in {median(puts) * 1000:.1f} ms, at worst {max(puts) * 1000:.0f} ms")
    print(f"services in {median(took[1:]):.2f} s, the first time {took[0]:.2f} s; peak {peak:.0f} MiB")
    print(f"findings: {', '.join(f.kind for f in found.findings)}")


if __name__ == "__main__":
    main()
