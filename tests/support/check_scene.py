"""A country that is checked every minute from three places for ten hours: what comes of it in a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from check_worlds import T0, result

from nightside.engine.services import services_of
from nightside.model.check import CheckResult, Kind, Outcome
from nightside.model.entity import Entity
from nightside.model.services import Services
from nightside.model.signal import Signal, UnknownStretch
from nightside.store.embedded import EmbeddedStore

H = 3600
LENGTH_S = 10 * H
OUT, BACK = 4 * H, 6 * H
"""When most outages begin and end."""

PARTS: list[tuple[str, Kind, str, str, str]] = [
    # target, kind, part, group, address
    ("zone", "dns", "ns1 udp", "name service", "175.45.176.15"),
    ("zone", "dns", "ns2 udp", "name service", "175.45.176.16"),
    ("post", "smtp", "mx1", "mail", "175.45.176.20"),
    ("post", "smtp", "mx2", "mail", "175.45.176.21"),
    *((f"site{i}", "http", "", "state media", f"175.45.176.{70 + i}") for i in range(6)),
    ("site0", "icmp", "", "state media", "175.45.176.70"),
]
ABROAD = "8.8.8.8"

Says = Callable[[str, Kind, float], Outcome]
"""Of a target and its kind at a second: what a check finds."""


def fine(_target: str, _kind: Kind, _at: float) -> Outcome:
    return "ok"


def within(at: float, begin: float = OUT, end: float = BACK) -> bool:
    return begin <= at < end


def checked(
    says: Says = fine,
    *,
    places: Iterable[str] = ("berlin", "tokyo", "lima"),
    cut: Callable[[str, float], bool] = lambda _place, _at: False,
    address: str | None = None,
    step_s: float = 60,
    length_s: float = LENGTH_S,
) -> list[CheckResult]:
    found = []
    for n, place in enumerate(places):
        rounds = int(length_s / step_s)
        for i in range(rounds):
            begin = i * step_s + n * 7
            for j, (target, kind, part, group, own) in enumerate(PARTS):
                at = begin + j * 2
                outcome = "timed_out" if cut(place, at) else says(target, kind, at)
                found.append(
                    result(
                        at,
                        place,
                        target=target,
                        kind=kind,
                        part=part,
                        group=group,
                        address=address or own,
                        outcome=outcome,
                    )
                )
            for j in range(4):
                at = begin + 3 + j * 5
                found.append(
                    result(
                        at,
                        place,
                        "",
                        target=f"canary{j}",
                        kind="icmp",
                        outcome="timed_out" if cut(place, at) else "ok",
                    )
                )
    return found


def routes(
    *down: tuple[int, int], unknown: tuple[int, int] | None = None, length_s: int = LENGTH_S
) -> Signal:
    times, units = [T0], [4]
    for begin, end in down:
        times += [T0 + begin, T0 + end]
        units += [0, 4]
    blind = [] if unknown is None else [UnknownStretch(T0 + unknown[0], T0 + unknown[1], "nobody looked")]
    return Signal(Entity("country", "KP", "North Korea"), times, units, T0 + length_s, blind)


def seen(
    folder: Path, results: list[CheckResult], signal: Signal | None, length_s: int = LENGTH_S
) -> Services | None:
    with EmbeddedStore(folder) as store:
        store.put_results(results)
        if signal is not None:
            store.put_samples([signal], {signal.entity: [(T0, 4)]})
        return services_of(store, "KP", T0, T0 + length_s)
