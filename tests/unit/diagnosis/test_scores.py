"""Scores: sums that anybody can add up again, whatever the order; families first; nothing named on little."""

from __future__ import annotations

import dataclasses
from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightside.diagnosis.rules import RULES
from nightside.diagnosis.scores import diagnosis_of
from nightside.diagnosis.weights import shipped
from nightside.model.diagnosis import CAUSES, FAMILIES, UNDETERMINED, UNKNOWN, Evidence, RestsOn

levels = {rule.id: st.sampled_from([UNKNOWN, *rule.levels]) for rule in RULES}
observed = st.fixed_dictionaries(levels)


def evidence(said: dict[str, str]) -> list[Evidence]:
    return [
        Evidence(
            rule,
            1,
            level,
            "says",
            0,
            None,
            () if level == UNKNOWN else (RestsOn("routes:country:KP", 0),),
            "s",
        )
        for rule, level in said.items()
    ]


@given(observed)
@settings(max_examples=100, deadline=None)
def test_each_score_is_the_sum_of_what_the_table_says(said: dict[str, str]) -> None:
    table = shipped()
    rows = [table.rows[rule, level] for rule, level in said.items() if level != UNKNOWN]
    odds = {f: table.prior_family[f] + sum(r.family.get(f, 0.0) for r in rows) for f in FAMILIES}
    whole = log(sum(exp(o) for o in odds.values()))
    found = diagnosis_of(evidence(said), table)
    assert {f.family: f.log_odds for f in found.families} == pytest.approx(odds)
    assert {f.family: f.score for f in found.families} == pytest.approx(
        {f: exp(odds[f] - whole) for f in FAMILIES}
    )
    for family in FAMILIES:
        inner = {
            c: table.prior_causes[family][c] + sum(r.causes.get(family, {}).get(c, 0.0) for r in rows)
            for c in CAUSES[family]
        }
        all_inner = log(sum(exp(o) for o in inner.values()))
        for cause in (c for c in found.causes if c.family == family and c.cause != UNDETERMINED):
            assert cause.score == pytest.approx(exp(odds[family] - whole + inner[cause.cause] - all_inner))
            assert cause.log_odds == pytest.approx(odds[family] + inner[cause.cause])


@given(observed, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_evidence_changes_no_bit(said: dict[str, str], chance: object) -> None:
    first = evidence(said)
    second = list(first)
    chance.shuffle(second)  # type: ignore[attr-defined]
    one, other = diagnosis_of(first, shipped()), diagnosis_of(second, shipped())
    assert dataclasses.replace(one, evidence=()) == dataclasses.replace(other, evidence=())


@given(observed)
@settings(max_examples=200, deadline=None)
def test_what_is_named_is_first_and_sure_and_the_list_goes_down(said: dict[str, str]) -> None:
    table, found = shipped(), diagnosis_of(evidence(said), shipped())
    scores = [c.score for c in found.causes]
    assert scores == sorted(scores, reverse=True)
    assert sum(c.score for c in found.causes if c.cause != UNDETERMINED) == pytest.approx(1.0)
    assert len([c for c in found.causes if c.cause == UNDETERMINED]) == (found.cause == UNDETERMINED)
    top = found.causes[0]
    assert (top.family, top.cause) == (found.family, found.cause)
    if found.family != UNDETERMINED:
        assert found.families[0].family == found.family
        assert found.families[0].score >= table.sure_family
    if found.cause != UNDETERMINED:
        assert top.score >= table.sure_cause
    known = [level for level in said.values() if level != UNKNOWN]
    if len(known) < table.pieces:
        assert (found.family, found.cause) == (UNDETERMINED, UNDETERMINED)


def test_without_evidence_all_is_undetermined_and_the_scores_are_the_priors() -> None:
    found = diagnosis_of(evidence(dict.fromkeys(levels, UNKNOWN)), shipped())
    assert (found.family, found.cause) == (UNDETERMINED, UNDETERMINED)
    assert found.causes[0].score == 1.0
    assert [c.speaks_for + c.against for c in found.causes] == [()] * len(found.causes)
    for score in found.families:
        assert score.log_odds == score.prior == shipped().prior_family[score.family]


def test_a_family_may_be_sure_while_its_cause_is_not() -> None:
    said = dict.fromkeys(levels, UNKNOWN) | {
        "upstreams-lost": "all_together",
        "view": "whole",
        "neighbours": "only_here",
        "services-return": "long_after",
        "before": "nothing",
    }
    found = diagnosis_of(evidence(said), shipped())
    assert (found.family, found.cause) == ("internal", UNDETERMINED)
    assert found.causes[0].score == found.families[0].score
    assert found.causes[1].family == "internal"


def test_every_row_of_for_and_against_has_its_evidence_and_a_reason() -> None:
    said = {rule.id: next(iter(rule.levels)) for rule in RULES}
    found = diagnosis_of(evidence(said), shipped())
    for score in (*found.families, *found.causes):
        assert all(w.weight > 0 for w in score.speaks_for)
        assert all(w.weight < 0 for w in score.against)
        for weighed in (*score.speaks_for, *score.against):
            assert weighed.evidence in found.evidence
            assert weighed.evidence.rests_on
            assert weighed.why
        assert score.log_odds == pytest.approx(
            score.prior + sum(w.weight for w in (*score.speaks_for, *score.against))
            if score.cause == UNDETERMINED
            else score.log_odds
        )
