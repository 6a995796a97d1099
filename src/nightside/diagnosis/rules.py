"""All rules, in the order in which they are told, and what they say of an incident."""

from __future__ import annotations

from nightside.diagnosis import before, clocks, elsewhere, networks, services, upstreams
from nightside.diagnosis.rule import Rule
from nightside.diagnosis.stored import Stored
from nightside.model.diagnosis import Evidence

RULES: tuple[Rule, ...] = (
    *before.RULES,
    *networks.RULES,
    *upstreams.RULES,
    *elsewhere.RULES,
    *services.RULES,
    *clocks.RULES,
)
VERSION = 1
"""Raised whenever a rule says something else of the same input; each rule has a version of its own beside it."""


def evidence_of(stored: Stored, rules: tuple[Rule, ...] = RULES) -> tuple[Evidence, ...]:
    """What each rule says, in their order, also where it says `unknown`."""
    return tuple(rule.apply(stored) for rule in rules)
