"""Calibration: the generator knows nothing of the rules; scores are near to truth; nothing is named on nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from bench import caused_outages, caused_signals
from bench.diagnosis import COUNT, SEED, Judged, causes_bins, families_bins, furthest, judged

from nightside.model.diagnosis import CAUSES, UNDETERMINED


@pytest.fixture(scope="module")
def found() -> list[Judged]:
    return judged(COUNT, SEED)


@pytest.mark.parametrize("module", [caused_outages, caused_signals])
def test_the_generator_imports_nothing_of_the_rules(module: object) -> None:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    names = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    ours = [n for n in names if n.startswith(("nightside", "bench"))]
    assert all(n.startswith(("nightside.model.", "bench.caused_outages")) for n in ours)
    assert "nightside.model.diagnosis" not in ours


def test_every_cause_is_made_up_by_its_share() -> None:
    assert set(caused_outages.WAYS) == {(f, c) for f, causes in CAUSES.items() for c in causes}
    assert sum(way.share for way in caused_outages.WAYS.values()) == pytest.approx(1.0)


def test_in_each_bin_scores_and_truth_are_within_ten_points(found: list[Judged]) -> None:
    assert len(found) == 500
    assert furthest(families_bins(found)) <= 10.0
    assert furthest(causes_bins(found)) <= 10.0


def test_who_is_named_is_mostly_right(found: list[Judged]) -> None:
    named = [one for one in found if one.said.family != UNDETERMINED]
    assert len(named) > len(found) / 2
    assert sum(one.said.family == one.family for one in named) / len(named) > 0.85
    causes = [one for one in found if one.said.cause != UNDETERMINED]
    assert causes
    assert sum(one.said.cause == one.cause for one in causes) / len(causes) >= 0.75


def test_where_the_evidence_is_withheld_all_is_undetermined() -> None:
    for one in judged(COUNT, SEED, bare=True):
        assert (one.said.family, one.said.cause) == (UNDETERMINED, UNDETERMINED)


def test_the_same_seed_gives_the_same_outages_and_another_gives_others() -> None:
    assert caused_outages.outages(20, 3) == caused_outages.outages(20, 3)
    assert caused_outages.outages(20, 3) != caused_outages.outages(20, 4)
