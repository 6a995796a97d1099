"""How right the causes are, and how far their scores can be believed: over made-up outages, and over the stories.

    python -m bench.diagnosis [--count N] [--seed N] [--stories]

The outages are those of `bench.caused_outages`, whose cause is known. Told are: how often the family and the cause
that are named are right; how often the truth is among the first; of all scores, by bins, how often what was scored so
was true; what is said where the evidence is withheld; and, with `--stories`, the causes of the demos, with the rules
that decide taken away one by one.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.caused_outages import outages
from bench.caused_signals import Kept, kept

from nightside.diagnosis.rules import RULES, evidence_of
from nightside.diagnosis.scores import diagnosis_of
from nightside.diagnosis.stored import Beside, Other, Stored, Stranger
from nightside.diagnosis.weights import Weights, shipped
from nightside.model.diagnosis import UNDETERMINED, Diagnosis

COUNT, SEED = 500, 20_221_231
BINS = 5
FEWEST = 20
"""A bin with fewer says nothing."""
SHORTEST_S = 1800
"""Incidents of the stories whose headline is shorter are left out."""
STORIES = ("december-2014", "april-2016", "june-2025", "egypt-2011", "syria-2012")


@dataclass(frozen=True)
class Judged:
    """One outage with its truth and what was said."""

    family: str
    cause: str
    said: Diagnosis


@dataclass(frozen=True)
class Bin:
    """Scores from `low` on, up to a step higher: their mean, and how many of them were true."""

    low: float
    count: int
    mean: float
    true: float


def stored(one: Kept) -> Stored:
    """As the rules take it."""
    return Stored(
        incident=one.incident,
        series=one.series,
        others=[Other(type_, code, lowest, at) for type_, code, lowest, at in one.others],
        beside=[] if one.customer is None else [Beside(*one.customer)],
        days=one.days,
        strangers=[] if one.stranger is None else [Stranger(*one.stranger)],
    )


def withheld(one: Stored) -> Stored:
    """The same with nothing but onset, end and what was lost."""
    bare: dict[str, Any] = {
        **one.incident,
        "networks": [],
        "upstreams": [],
        "instability": [],
        "began": one.incident["onset"],
        "episodes": one.incident["episodes"][:1],
        "local_time": None,
        "history": {},
        "view": {**one.incident["view"], "peers_expected": None, "unknown": []},
        "onset_range": None,
    }
    return Stored(bare, None)


def judged(count: int, seed: int, weights: Weights | None = None, *, bare: bool = False) -> list[Judged]:
    """So many made-up outages, each with what is said of it."""
    found = []
    for it in outages(count, seed):
        one = stored(kept(it))
        said = diagnosis_of(evidence_of(withheld(one) if bare else one), weights or shipped())
        found.append(Judged(it.family, it.cause, said))
    return found


def families_bins(found: Iterable[Judged]) -> list[Bin]:
    """Of every family of every outage."""
    return _bins([(f.score, f.family == one.family) for one in found for f in one.said.families])


def causes_bins(found: Iterable[Judged]) -> list[Bin]:
    """Of every cause of every outage."""
    return _bins(
        [
            (c.score, (c.family, c.cause) == (one.family, one.cause))
            for one in found
            for c in _causes(one.said)
        ]
    )


def _causes(said: Diagnosis) -> list[Any]:
    return [c for c in said.causes if c.cause != UNDETERMINED]


def _bins(pairs: Sequence[tuple[float, bool]]) -> list[Bin]:
    found = []
    for n in range(BINS):
        low = n / BINS
        inside = [p for p in pairs if low <= p[0] < low + 1 / BINS or (n == BINS - 1 and p[0] == 1.0)]
        if inside:
            mean = sum(score for score, _ in inside) / len(inside)
            found.append(Bin(low, len(inside), mean, sum(true for _, true in inside) / len(inside)))
    return found


def furthest(bins: Iterable[Bin]) -> float:
    """The largest distance of score and truth in a bin that says anything, in points."""
    return max((abs(b.mean - b.true) * 100 for b in bins if b.count >= FEWEST), default=0.0)


def report(found: list[Judged], bare: list[Judged]) -> list[str]:
    """All figures, as lines of Markdown."""
    count = len(found)
    sure = [one for one in found if one.said.family != UNDETERMINED]
    named = [one for one in found if one.said.cause != UNDETERMINED]
    lines = [
        f"{count} made-up outages:",
        "",
        "| | named | of these right | true one first |",
        "| --- | --- | --- | --- |",
        _row(
            "family",
            sure,
            count,
            [o for o in sure if o.said.family == o.family],
            sum(o.said.families[0].family == o.family for o in found),
        ),
        _row(
            "cause",
            named,
            count,
            [o for o in named if o.said.cause == o.cause],
            sum(_causes(o.said)[0].cause == o.cause for o in found),
        ),
        "",
        "| cause | outages | family named, right | family named, wrong | cause named, right | cause named, wrong |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for cause, number in Counter(o.cause for o in found).most_common():
        mine = [o for o in found if o.cause == cause]
        cells = (
            sum(o.said.family == o.family for o in mine),
            sum(o.said.family not in (o.family, UNDETERMINED) for o in mine),
            sum(o.said.cause == o.cause for o in mine),
            sum(o.said.cause not in (o.cause, UNDETERMINED) for o in mine),
        )
        lines.append(f"| {cause} | {number} | {' | '.join(map(str, cells))} |")
    for what, bins in (("families", families_bins(found)), ("causes", causes_bins(found))):
        lines += ["", f"Scores of {what} and truth; furthest apart {furthest(bins):.1f} points:", ""]
        lines += ["| scores from | how many | mean score | true |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {b.low:.1f} | {b.count:,}{' (too few)' if b.count < FEWEST else ''} | {b.mean:.3f} | {b.true:.3f} |"
            for b in bins
        ]
    more = [*found, *(o for o in found if o.cause == "attack" for _ in range(2))]
    apart = furthest(families_bins(more)), furthest(causes_bins(more))
    lines += [
        "",
        f"With three times as many attacks: families {apart[0]:.1f}, causes {apart[1]:.1f} points apart.",
    ]
    open_ = sum(o.said.cause == UNDETERMINED for o in bare), sum(o.said.family == UNDETERMINED for o in bare)
    lines += [
        "",
        f"Evidence withheld: cause undetermined in {open_[0]} of {len(bare)}, family in {open_[1]}.",
    ]
    return lines


def _row(what: str, named: Sequence[Judged], count: int, right: Sequence[Judged], first: int) -> str:
    share = f"{len(right) / len(named):.1%}" if named else "none"
    return f"| {what} | {len(named)} ({len(named) / count:.0%}) | {share} | {first / count:.1%} |"


def without(one: Stored, left_out: str) -> Diagnosis:
    """What is said where one rule is taken away."""
    return diagnosis_of(evidence_of(one, tuple(r for r in RULES if r.id != left_out)), shipped())


def ablation(name: str, one: Stored) -> list[str]:
    """The result of a story, and what becomes of it without each rule that weighs in it; the strongest first."""
    whole = diagnosis_of(evidence_of(one), shipped())
    lines = [f"| {name} | all rules | {_said(whole)} |"]
    changed = []
    for rule in RULES:
        less = without(one, rule.id)
        moved = sum(abs(a - b) for a, b in zip(_shares(whole), _shares(less), strict=True))
        if moved >= 0.02:
            changed.append((-moved, rule.id, _said(less)))
    return lines + [f"| | without `{rule}` | {said} |" for _, rule, said in sorted(changed)]


def _shares(said: Diagnosis) -> list[float]:
    return [f.score for f in sorted(said.families, key=lambda f: f.family)]


def _said(said: Diagnosis) -> str:
    families = ", ".join(f"{f.family} {f.score:.2f}" for f in said.families[:3])
    causes = ", ".join(f"{c.cause} {c.score:.2f}" for c in _causes(said)[:3])
    return f"{said.family} / {said.cause} | {families} | {causes}"


def stories() -> list[str]:
    """The headline of every story's incidents of a country, without each deciding rule."""
    from nightside.engine.demo import replay_archive, write_archive
    from nightside.engine.diagnosis import stored_of
    from nightside.engine.incident_services import with_services
    from nightside.engine.shown import shown
    from nightside.store.location import open_store

    lines = ["| incident | rules | named | families | causes |", "| --- | --- | --- | --- | --- |"]
    for name in STORIES:
        with tempfile.TemporaryDirectory() as folder:
            archive = write_archive(name, Path(folder), started=_nothing, advance=_nothing)
            kept_in = Path(folder) / "store"
            replay_archive(archive, kept_in, warn=_nothing, started=_nothing, advance=_nothing)
            with open_store(kept_in) as store:
                whole = [store.incident(i["id"]) or i for i in store.incidents(type="country")]
                for incident in shown(store, whole):
                    series = store.series(incident["id"])
                    if series is not None and (incident["duration_s"] or 0) >= SHORTEST_S:
                        series = with_services(store, incident, series)
                        lines += ablation(f"{name}: {incident['id']}", stored_of(store, incident, series))
    return lines


def _nothing(_what: object) -> None:
    """Nobody watches."""


def main() -> None:
    """Print the figures."""
    asked = argparse.ArgumentParser(prog="python -m bench.diagnosis")
    asked.add_argument("--count", type=int, default=COUNT)
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--stories", action="store_true")
    options = asked.parse_args()
    if options.stories:
        print("\n".join(stories()))
        return
    found = judged(options.count, options.seed)
    print("\n".join(report(found, judged(options.count, options.seed, bare=True))))


if __name__ == "__main__":
    main()
