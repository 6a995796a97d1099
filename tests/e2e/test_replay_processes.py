"""`replay --processes N`: the same bytes, however many processes read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import churned


def same_with_two(nightside: Any, folder: Path, stores: Path, *words: object) -> Any:
    """What one process prints, having seen that two print the same."""
    one, two = (
        nightside("replay", folder, "--json", *words, "--processes", n, "--store", stores / str(n))
        for n in (1, 2)
    )
    assert (one.code, two.code) == (0, 0), one.err + two.err
    assert two.out == one.out
    assert two.err == one.err
    return one


def same_flips(nightside: Any, incidents: Any, stores: Path) -> None:
    for incident in incidents:
        flips = [
            nightside("show", incident["id"], "--flips", "--json", "--store", stores / str(n)) for n in (1, 2)
        ]
        assert flips[0].out == flips[1].out != ""


def test_of_december(nightside: Any, december: Path, tmp_path: Path) -> None:
    window = ("--country", "KP", "--from", "2014-12-22T16:00Z", "--to", "2014-12-22T23:00Z")
    ran = same_with_two(nightside, december, tmp_path, *window)
    assert [i["entity"]["code"] for i in ran.incidents].count("KP") == 1
    same_flips(nightside, ran.incidents, tmp_path)
    # A file of the archive is missing; both said so.
    assert "no updates from" in ran.err


def test_of_made_up_churn(nightside: Any, tmp_path: Path) -> None:
    churned.write(tmp_path / "churn", prefixes=4_000, hours=2, rate=6)
    ran = same_with_two(
        nightside, tmp_path / "churn", tmp_path, "--country", "DE", "--country", "US", "--country", "FR"
    )
    assert ran.code == 0


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_a_number_that_is_none(quick: Any, number: str, tmp_path: Path) -> None:
    ran = quick("replay", tmp_path, "--processes", number)
    assert (ran.code, ran.out) == (2, "")
    assert "--processes" in ran.err
