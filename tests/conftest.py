"""What all tests share.

With NIGHTSIDE_NO_SKIPS=1 in the environment (as in CI) a skip is a failure: what the tests need is there.
"""

from __future__ import annotations

import os
from collections.abc import Generator
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
        missing(f"no real routing data at {SHARED_DATA}")
    return SHARED_DATA


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    # An expected failure (xfail) is also reported as "skipped", but that test did run.
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("NIGHTSIDE_NO_SKIPS"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here, but: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test into a failure where skips are failures."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself whole (`pytest.importorskip`)."""
    report = yield
    _refuse_skip(report)
    return report
