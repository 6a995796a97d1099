"""Incidents that do not overlap may be put in any order and as often as one likes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightside.model.entity import Entity
from nightside.model.ndjson import dumps
from nightside.store.protocol import Store

T0 = 1_419_131_400
ENTITIES = [Entity("country", "KP", "North Korea"), Entity("country", "SY", "Syria"), Entity("asn", "1", "A")]

FINDINGS = [
    (entity, T0 + 7200 * slot, T0 + 7200 * slot + length)
    for entity in ENTITIES
    for slot, length in enumerate((0, 59, 3600, 7199))
]
"""Per entity, in slots of two hours."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(puts=st.permutations(FINDINGS), again=st.lists(st.sampled_from(FINDINGS), max_size=8))
def test_order_and_repetition_do_not_matter(
    store_at: Callable[[Path], AbstractContextManager[Store]],
    make_finding: Callable[..., Any],
    puts: list[tuple[Entity, int, int]],
    again: list[tuple[Entity, int, int]],
) -> None:
    expected = [
        dumps(make_finding(began, ended, entity=entity)[0].to_json(id=id_, revision=1, corrections=[]))
        for entity, began, ended in sorted(FINDINGS, key=lambda f: (f[1], f[0].type, f[0].code))
        for id_ in [
            f"{'AS' if entity.type == 'asn' else ''}{entity.code}-20141221T{(began - T0) // 3600 + 3:02}10Z"
        ]
    ]
    with tempfile.TemporaryDirectory() as folder, store_at(Path(folder)) as store:
        for entity, began, ended in [*puts, *again]:
            store.put_incident(*make_finding(began, ended, entity=entity))
        assert [dumps(incident) for incident in store.incidents()] == expected
