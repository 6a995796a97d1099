"""From evidence to causes: sums of the log-odds in the table, families first, then the causes within each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log

from nightside.diagnosis.weights import Row, Weights
from nightside.model.diagnosis import CAUSES, FAMILIES, UNDETERMINED, Diagnosis, Evidence, Score, Weighed


def diagnosis_of(evidence: Sequence[Evidence], weights: Weights) -> Diagnosis:
    """What the evidence speaks for. The order of the evidence does not matter; what is unknown moves nothing."""
    rows = [(e, weights.rows[e.rule, e.level]) for e in evidence if e.known]
    within: dict[str, list[Weighed]] = {f: _weighed(rows, weights, f, None) for f in FAMILIES}
    odds: dict[str, float] = {f: _sum(weights.prior_family[f], within[f]) for f in FAMILIES}
    shares = _normalised(odds)
    families, causes = [], []
    for family in FAMILIES:
        families.append(
            _score(family, UNDETERMINED, shares[family], weights.prior_family[family], within[family])
        )
        inner = {c: _weighed(rows, weights, family, c) for c in CAUSES[family]}
        priors = weights.prior_causes[family]
        inside = _normalised({c: _sum(priors[c], inner[c]) for c in CAUSES[family]})
        for cause in CAUSES[family]:
            prior = weights.prior_family[family] + priors[cause]
            both = _together(within[family], inner[cause])
            causes.append(_score(family, cause, shares[family] * inside[cause], prior, both))
    families.sort(key=_by_score)
    causes.sort(key=_by_score)
    first = families[0]
    enough = len(first.speaks_for) + len(first.against) >= weights.pieces
    sure = first.family if enough and first.score >= weights.sure_family else UNDETERMINED
    cause = UNDETERMINED
    if sure != UNDETERMINED and causes[0].score >= weights.sure_cause:
        cause = causes[0].cause
    if sure == UNDETERMINED:
        # Stands for all causes of all families, so its score is their sum.
        causes.insert(0, Score(UNDETERMINED, UNDETERMINED, 1.0, 0.0, 0.0, (), ()))
    elif cause == UNDETERMINED:
        causes.insert(0, first)
    return Diagnosis(weights.version, sure, cause, tuple(families), tuple(causes), tuple(evidence))


def _weighed(
    rows: Sequence[tuple[Evidence, Row]], weights: Weights, family: str, cause: str | None
) -> list[Weighed]:
    found = []
    for evidence, row in rows:
        numbers: Mapping[str, float] = row.family if cause is None else row.causes.get(family, {})
        weight = numbers.get(family if cause is None else cause, 0.0)
        if weight:
            found.append(Weighed(evidence, weight, row.why))
    return found


def _together(family: Sequence[Weighed], cause: Sequence[Weighed]) -> list[Weighed]:
    """Each piece of evidence once: what it moves the family by, and the cause within it."""
    found: dict[str, Weighed] = {}
    for one in (*family, *cause):
        had = found.get(one.evidence.rule)
        found[one.evidence.rule] = (
            one if had is None else Weighed(one.evidence, had.weight + one.weight, one.why)
        )
    return list(found.values())


def _sum(prior: float, weighed: Sequence[Weighed]) -> float:
    # In one order whatever the evidence's, so that the last bit is the same too.
    return prior + sum(sorted(w.weight for w in weighed))


def _normalised(odds: Mapping[str, float]) -> dict[str, float]:
    most = max(odds.values())
    whole = most + log(sum(sorted(exp(o - most) for o in odds.values())))
    return {key: exp(o - whole) for key, o in odds.items()}


def _score(family: str, cause: str, share: float, prior: float, weighed: Sequence[Weighed]) -> Score:
    strongest = sorted(weighed, key=lambda w: (-abs(w.weight), w.evidence.rule))
    return Score(
        family,
        cause,
        share,
        prior,
        _sum(prior, weighed),
        tuple(w for w in strongest if w.weight > 0),
        tuple(w for w in strongest if w.weight < 0),
    )


def _by_score(score: Score) -> tuple[float, str, str]:
    return -score.score, score.family, score.cause
