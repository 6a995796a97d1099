"""docs/diagnosis.md says of rules and weights what they are."""

from __future__ import annotations

from tools.tell_diagnosis import PAGE, filled

from nightside.diagnosis.rules import RULES
from nightside.diagnosis.weights import shipped
from nightside.incidents.same_time_of_day import ARC_S
from nightside.model.diagnosis import CAUSES


def test_its_tables_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page) == page, "run python -m tools.tell_diagnosis --write"


def test_every_rule_family_and_bar_is_in_words() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{rule.id}`" in page for rule in RULES)
    assert all(f"`{family}`" in page for family in CAUSES)
    assert f"from a score of {shipped().sure_family}" in page
    assert "NIGHTSIDE_WEIGHTS" in page


def test_a_series_is_told_as_wide_as_it_is() -> None:
    (rule,) = (r for r in RULES if r.id == "schedule")
    assert ARC_S == 30 * 60
    assert "within half an hour by the clock" in rule.levels["same_minute"]
