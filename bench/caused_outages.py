"""Outages whose cause is known, since they are made up: what happened, second by second.

Drawn from the published facts (starts on the hour, median durations) and, where nothing is published, from numbers of
our own. It imports nothing of `nightside.diagnosis`, and shares no constant with the rules: what is a chance and a
spread in seconds here is a threshold and a weight there. A test reads the imports of this file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log
from random import Random

SIGMA = log(11.3 / 2.5) / 1.2816
"""Of the logarithm of durations: median 2.5 h, 90th percentile 11.3 h in the published list."""
EPOCH, YEARS_S = 1_546_300_800, 5 * 365 * 86_400


@dataclass(frozen=True)
class Way:
    """How outages of one cause go. Shares of one, medians in seconds, durations in hours."""

    share: float
    """Of all outages that are made up."""
    on_clock: float
    """Starts at :00 or :30: published for government orders and exams (0.89 to 0.91), power, cables, unknown."""
    hours: float
    """Median duration: published for government, power, cable, unknown (and all)."""
    unstable: float = 0.02
    unstable_h: float = 5.0
    fall_s: float = 30.0
    """From the first network to the last."""
    back_s: float = 60.0
    struggle: float = 0.05
    services_first: float = 0.02
    slow_s: float = 600.0
    """From the routes' return to that of nine tenths of the services."""
    series: float = 0.01
    """At the same time on several days."""
    night: float = 0.25
    """Begins between midnight and six: a quarter by chance."""
    neighbours: float = 0.01
    customers: float = 0.01
    """Others behind the same upstream fall too."""
    ways: tuple[float, float, float] = (0.85, 0.08, 0.07)
    """Of several upstreams: all at once, one only, one after the other."""
    stranger: float = 0.002


WAYS: dict[tuple[str, str], Way] = {
    ("internal", "power_or_equipment"): Way(
        0.22, 0.40, 8.3, 0.18, 4.0, 60.0, 300.0, 0.20, 0.06, 2400.0, 0.01, 0.25, 0.02
    ),
    ("internal", "deliberate_shutdown"): Way(
        0.22, 0.90, 6.0, 0.01, 1.0, 240.0, 200.0, 0.02, 0.01, 300.0, 0.25, 0.30, 0.005
    ),
    ("internal", "software_or_reconfiguration"): Way(
        0.12, 0.42, 2.0, 0.20, 2.0, 40.0, 60.0, 0.20, 0.06, 700.0, 0.08, 0.35, 0.01
    ),
    ("internal", "maintenance"): Way(
        0.09, 0.60, 2.0, 0.02, 1.0, 40.0, 60.0, 0.08, 0.03, 500.0, 0.20, 0.65, 0.01
    ),
    ("upstream", "transit_loss"): Way(
        0.09, 0.42, 2.0, 0.08, 2.0, 25.0, 60.0, 0.10, 0.01, 200.0, 0.01, 0.28, 0.15, 0.35, (0.15, 0.65, 0.20)
    ),
    ("upstream", "cable_cut"): Way(
        0.10, 0.10, 4.8, 0.01, 1.0, 15.0, 90.0, 0.05, 0.01, 200.0, 0.005, 0.20, 0.25, 0.10, (0.30, 0.60, 0.10)
    ),
    ("upstream", "upstream_disconnection"): Way(
        0.03, 0.55, 6.0, 0.01, 1.0, 20.0, 40.0, 0.03, 0.01, 200.0, 0.005, 0.25, 0.01, 0.02, (0.10, 0.60, 0.30)
    ),
    ("external", "attack"): Way(
        0.07,
        0.42,
        2.5,
        0.55,
        7.0,
        150.0,
        300.0,
        0.40,
        0.40,
        1000.0,
        0.02,
        0.28,
        0.02,
        0.04,
        (0.55, 0.15, 0.30),
    ),
    ("external", "leak_or_hijack"): Way(
        0.02, 0.42, 1.0, 0.05, 1.0, 20.0, 60.0, 0.10, 0.0, 120.0, 0.005, 0.25, 0.15, 0.2, (0.6, 0.2, 0.2), 0.9
    ),
    ("our_view", "broken_view"): Way(
        0.04, 0.36, 0.7, 0.10, 1.0, 90.0, 90.0, 0.15, 0.0, 0.0, 0.01, 0.25, 0.55, 0.4, (0.6, 0.2, 0.2)
    ),
}


@dataclass(frozen=True)
class Happened:
    """One outage as it was. Instants are seconds since the epoch."""

    family: str
    cause: str
    offset_s: int
    """Of the clocks there from UTC."""
    onset: int
    end: int
    gone: list[int]
    """When each network went; `back`: when it returned."""
    back: list[int]
    kept: int
    """How many more networks stayed."""
    losses_before: list[tuple[int, int]]
    """(lost, returned) of single losses before, in order; `losses_after` the same afterwards."""
    losses_after: list[tuple[int, int]]
    upstreams: dict[int, float]
    """ASN to share before."""
    upstreams_gone: dict[int, int | None]
    others: dict[str, bool | None]
    """Other countries that are watched: whether each fell; None where nobody saw."""
    customer_fell: int | None
    """An incident of another behind the same upstream began then."""
    upstream_own: float | None
    """The upstream's own networks: the lowest share; None where nobody watches it."""
    stranger: int | None
    peers: int
    known: int
    """How many peer ASes were known around the onset."""
    blind: tuple[int, int] | None
    services_gone: dict[str, int | None] | None
    """Service to when it stopped answering (None: it went on); None where nobody checks."""
    services_back: dict[str, int] = field(default_factory=dict)
    round_s: int = 600
    watched_before_s: int = 0
    days_watched: int = 0
    series: list[int] = field(default_factory=list)
    """Onsets of the others of a series."""


def outages(count: int, seed: int) -> list[Happened]:
    """So many, their causes by their shares; the same seed gives the same."""
    chance = Random(seed)
    keys = list(WAYS)
    drawn = chance.choices(keys, [WAYS[key].share for key in keys], k=count)
    return [_outage(family, cause, WAYS[family, cause], chance) for family, cause in drawn]


def _likely(share: float, rough: float) -> float:
    """A share moved by how rough this outage is: what goes wrong seldom goes wrong alone."""
    return 1.0 / (1.0 + exp(-(log(share / (1.0 - share)) + 0.9 * rough))) if 0.0 < share < 1.0 else share


def _around(chance: Random, median: float, sigma: float = 0.8) -> float:
    return median * exp(chance.gauss(0.0, sigma))


def _onset(way: Way, offset_s: int, chance: Random) -> int:
    day = EPOCH + chance.randrange(YEARS_S // 86_400) * 86_400
    hour = chance.randrange(6) if chance.random() < way.night else 6 + chance.randrange(18)
    if chance.random() < way.on_clock:
        second = chance.choice((0, 1800)) + int(chance.gauss(0.0, 55.0))
    else:
        second = chance.choice((0, 1800)) + chance.randrange(240, 1560)
    return day + hour * 3600 + second - offset_s


def _outage(family: str, cause: str, way: Way, chance: Random) -> Happened:
    offset_s = chance.choice((0, 3600, 7200, 10_800, 12_600, 19_800, 30_600, 32_400, -10_800, -18_000))
    onset = _onset(way, offset_s, chance)
    end = onset + max(90, int(_around(chance, way.hours * 3600, SIGMA)))
    number = chance.choice((1, 2, 4, 4, 9, 25, 60))
    rough = chance.gauss(0.0, 1.0)
    fall = _around(chance, way.fall_s * exp(0.5 * rough), 1.0)
    rise = _around(chance, way.back_s * exp(0.5 * rough), 1.2)
    fall, rise = min(fall, (end - onset) / 3), min(rise, (end - onset) / 2)
    gone = sorted(onset - int(chance.random() * fall) for _ in range(number))
    gone[-1] = onset
    back = sorted(end + int(chance.random() * rise) for _ in range(number))
    back[0] = end
    upstreams, upstreams_gone = _upstreams(way, onset, chance)
    others = _others(way, chance) if chance.random() < 0.85 else {}
    broken = family == "our_view"
    peers = chance.randrange(12, 45)
    known = peers - (chance.randrange(int(0.15 * peers), int(0.7 * peers)) if broken else _few(chance, peers))
    blind = (onset - chance.randrange(200), onset + chance.randrange(60, 900))
    services_gone, services_back, round_s = _services(way, broken, onset, end, rough, chance)
    before = []
    if chance.random() < _likely(way.unstable, rough):
        length = int(_around(chance, way.unstable_h * 3600, 0.6))
        starts = sorted(
            onset - chance.randrange(300, max(600, length)) for _ in range(chance.randrange(3, 25))
        )
        before = [(at, at + chance.randrange(40, 280)) for at in starts]
    after = []
    if chance.random() < _likely(way.struggle, rough):
        starts = sorted(back[-1] + chance.randrange(700, 14_000) for _ in range(chance.randrange(1, 9)))
        after = [(at, at + chance.randrange(40, 280)) for at in starts]
    series = []
    if chance.random() < way.series:
        series = [
            onset + n * 86_400 + int(chance.gauss(0.0, 200.0)) for n in range(1, chance.randrange(3, 6))
        ]
    return Happened(
        family,
        cause,
        offset_s,
        onset,
        end,
        gone,
        back,
        0 if chance.random() < 0.6 else chance.randrange(1, 1 + max(1, number // 4)),
        before,
        after,
        upstreams,
        upstreams_gone,
        others,
        onset + chance.randrange(-200, 300) if chance.random() < way.customers else None,
        _own(way, chance),
        64_500 if chance.random() < way.stranger else None,
        peers,
        known,
        blind if broken and chance.random() < 0.5 else None,
        services_gone,
        services_back,
        round_s,
        chance.choice((0, 1200, 9000, 30_000, 90_000, 90_000)),
        chance.choice((0, 1, 6, 12, 20)),
        series,
    )


def _few(chance: Random, peers: int) -> int:
    """Sessions fail all the time: mostly few at once."""
    return (
        chance.randrange(int(0.1 * peers), int(0.3 * peers))
        if chance.random() < 0.08
        else chance.choice((0, 0, 1))
    )


def _upstreams(way: Way, onset: int, chance: Random) -> tuple[dict[int, float], dict[int, int | None]]:
    number = chance.choice((1, 1, 2, 2, 3, 4))
    cut = sorted(chance.uniform(0.1, 0.9) for _ in range(number - 1))
    shares = [b - a for a, b in zip([0.0, *cut], [*cut, 1.0], strict=True)]
    asns = [3000 + i for i in range(number)]
    before = dict(zip(asns, (round(max(0.01, s), 4) for s in shares), strict=True))
    pattern = chance.choices(("all", "one", "after"), way.ways)[0] if number > 1 else "all"
    gone: dict[int, int | None] = {asn: onset + chance.randrange(0, 40) for asn in asns}
    if pattern == "one":
        hit = max(asns, key=lambda a: before[a])
        gone = {asn: onset + chance.randrange(0, 40) if asn == hit else None for asn in asns}
    elif pattern == "after":
        gone = {asn: onset - i * int(_around(chance, 1500.0, 0.5)) for i, asn in enumerate(asns)}
    return before, gone


def _others(way: Way, chance: Random) -> dict[str, bool | None]:
    codes = [a + b for a in "ABCDE" for b in "FGIJKLM"][: chance.randrange(3, 30)]
    fell = chance.random() < way.neighbours
    many = fell and chance.random() < (0.6 if way is WAYS["our_view", "broken_view"] else 0.05)
    share = 0.6 if many else 0.08
    found: dict[str, bool | None] = {c: chance.random() < share if fell else False for c in codes}
    if fell:
        found[codes[0]] = True
    for code in codes:
        if chance.random() < 0.05:
            found[code] = None
    return found


def _own(way: Way, chance: Random) -> float | None:
    if chance.random() > 0.2:
        return None
    return chance.uniform(0.1, 0.6) if chance.random() < way.customers else 1.0


def _services(
    way: Way, broken: bool, onset: int, end: int, rough: float, chance: Random
) -> tuple[dict[str, int | None] | None, dict[str, int], int]:
    if chance.random() < 0.5:
        return None, {}, 600
    round_s = chance.choice((60, 300, 600))
    names = ("sites", "names", "mail")
    if broken and chance.random() < 0.85:
        return dict.fromkeys(names, None), {}, round_s
    seen = onset + round_s // 2
    gone: dict[str, int | None] = {name: seen + chance.randrange(round_s) for name in names}
    if chance.random() < _likely(way.services_first, rough):
        lead = int(_around(chance, 5400.0, 0.6))
        gone = {"sites": onset - lead, "names": onset - lead // 2, "mail": onset - chance.randrange(lead)}
    late = int(_around(chance, max(1.0, way.slow_s * exp(0.4 * rough)), 1.0))
    back = {"sites": end + late, "names": end + late // 3, "mail": end + int(late * chance.random())}
    return gone, back, round_s
