"""What places would have found, had they checked a scene's services: results that say that they are made up."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from nightside.model.check import CheckResult, Outcome, Phase
from nightside.model.settings import Settings
from nightside.scenes.chance import hashed
from nightside.scenes.scene import Checks, Scene, ServiceTarget
from nightside.scenes.truth import visibility

CANARIES = ("canary one", "canary two", "canary three")
"""Each place watches its own line; in a scene it never fails."""
ADDRESS_OF_CANARIES = "192.0.2.53"
LEAST_RTT_MS, MOST_RTT_MS = 120.0, 320.0
GIVEN_UP_MS = 8000.0
LONG_LOSS_S = 1800
"""After a shorter loss of its network a service answers again at once: nothing behind it went out."""


def results(scene: Scene, checks: Checks) -> Iterator[CheckResult]:
    """Every result, in the order of time, place and target."""
    moves = visibility(scene, Settings().visible_share)
    ups = {t.address: _reachable(scene, moves, t.address) for t in checks.targets}
    for second in range(scene.begin, scene.end, checks.every_s):
        for place, name in enumerate(checks.places):
            # Places do not check all at the same instant.
            at = second + place * checks.every_s // (2 * len(checks.places))
            for number, canary in enumerate(CANARIES):
                yield _result(scene, name, "", _canary(canary), at + number, "ok")
            for number, target in enumerate(checks.targets):
                when = at + number
                if when < scene.end:
                    outcome = _outcome(checks, target, ups[target.address], when)
                    yield _result(scene, name, checks.country, target, when, outcome)


def _canary(name: str) -> ServiceTarget:
    return ServiceTarget(name, "dns", "canary", ".", "", ADDRESS_OF_CANARIES, 0)


def _outcome(checks: Checks, target: ServiceTarget, up: list[tuple[int, bool]], at: int) -> Outcome:
    last = bisect_right(up, at, key=lambda step: step[0]) - 1
    since, reachable = up[last]
    # After a short loss nothing has to be started again: it takes no longer than the loss.
    slow_s = min(target.back_after_s, since - up[last - 1][0]) if last else 0
    if not reachable or at < since + slow_s:
        return "timed_out"
    for loss in checks.losses:
        if target.name in loss.targets and loss.begin <= at and (loss.end is None or at < loss.end):
            return loss.outcome
    return "ok"


def _reachable(scene: Scene, moves: list[tuple[int, int, bool]], address: str) -> list[tuple[int, bool]]:
    """Changes (second, whether a visible network covers the address); always, where none of the scene's does."""
    over = [n for n, net in enumerate(scene.networks) if ip_address(address) in ip_network(net.prefix)]
    steps = [(0, True)]
    seen = defaultdict(lambda: True)
    for at, network, visible in moves:
        if network in over:
            seen[network] = visible
            now = any(seen[n] for n in over)
            if now != steps[-1][1]:
                steps.append((at, now))
    return steps


def _result(
    scene: Scene, place: str, country: str, target: ServiceTarget, at: int, outcome: Outcome
) -> CheckResult:
    chance = int(hashed(scene.seed, f"{place} {target.name} {target.kind} {target.part}", at)[0]) / 2**64
    rtt_ms = round(LEAST_RTT_MS + chance * (MOST_RTT_MS - LEAST_RTT_MS), 3)
    failed: Phase | None = None if outcome == "ok" else "connect"
    if outcome not in ("ok", "timed_out"):
        failed = "content"
    return CheckResult(
        at=float(at),
        place=place,
        country=country,
        target=target.name,
        group=target.group,
        kind=target.kind,
        part=target.part,
        family=4,
        address=target.address,
        outcome=outcome,
        failed_in=failed,
        detail=None,
        connect_ms=rtt_ms if outcome == "ok" else None,
        total_ms=rtt_ms if outcome == "ok" else GIVEN_UP_MS,
        reconstruction=True,
    )
