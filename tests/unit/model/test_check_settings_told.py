"""Every number by which checks are judged stands in docs/definitions.md, with its default; so does every finding."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from nightside.model.check_settings import CheckSettings
from nightside.model.services import FINDING_KINDS

TOLD = (Path(__file__).resolve().parents[3] / "docs" / "definitions.md").read_text()


@pytest.mark.parametrize(("name", "value"), asdict(CheckSettings()).items())
def test_setting(name: str, value: float) -> None:
    assert f"| `{name}` | `{value}` |" in TOLD


@pytest.mark.parametrize("kind", FINDING_KINDS)
def test_finding(kind: str) -> None:
    assert f"| `{kind}` |" in TOLD
