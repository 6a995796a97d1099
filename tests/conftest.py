"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def missing(reason: str) -> None:
    """Skip for want of something on this machine; where skips are failures, fail."""
    if os.environ.get("NIGHTSIDE_NO_SKIPS"):
        pytest.fail(f"nothing may be skipped here, but: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real routing data beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real routing data at {SHARED_DATA}")
    return SHARED_DATA
