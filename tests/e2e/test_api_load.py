"""The load that the API is measured with is the mix that it says it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from bench import api_load, store_year
from starlette.testclient import TestClient

from nightside.web.app import create_app


def test_the_mix_and_that_all_of_it_is_answered(tmp_path: Path) -> None:
    store_year.make(tmp_path / "year", days=31, countries=2, asns=2, incident_count=8)
    asked = api_load.requests(tmp_path / "year", 200)
    assert Counter(r.kind for r in asked) == {"state and lists": 140, "a day": 50, "a month by the hour": 10}
    with TestClient(create_app(tmp_path / "year")) as client:
        for request in asked[:100]:
            answer = client.get(request.path)
            assert answer.status_code == 200, request.path
        day = next(r for r in asked if r.kind == "a day")
        # 5-minute signals that change in every slot.
        assert len(client.get(day.path).json()["columns"]["time"]) > 250
        month = next(r for r in asked if r.kind == "a month by the hour")
        assert len(client.get(month.path).json()["columns"]["time"]) == 30 * 24


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert api_load.percentile([float(v) for v in range(100, 0, -1)], share) == value
