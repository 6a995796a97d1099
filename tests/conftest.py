"""What all tests share, and how they are dealt out where several workers run them (`-n 4 --dist loadgroup`).

A file is run whole by one worker, in the order of the files. Tests that measure time or need the machine's network
to themselves are marked `pytest.mark.xdist_group("timed")`: one worker runs all of them, one after the other.

With NIGHTSIDE_NO_SKIPS=1 in the environment (as in CI) a skip is a failure: what the tests need is there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from postgres_server import PostgresServer
    from s3_server import S3Server

# What whoever runs the tests has imported moves no figure of theirs: the shipped map of the world alone.
os.environ["NIGHTSIDE_WORLD"] = os.path.join(os.devnull, "world")  # noqa: PTH118 - never a folder

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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that is everybody's: whoever kills it starts it again."""
    from postgres_server import postgres, why_no_postgres

    why = why_no_postgres()
    if why is not None:
        missing(why)
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A storage that speaks S3 and is everybody's: each test asks it for a bucket (`s3_bucket`)."""
    from s3_server import S3Server

    server = S3Server()
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def s3_bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new bucket; the environment says how it is reached, to processes that are started too."""
    s3_server.surroundings(monkeypatch.setenv)
    return s3_server.bucket()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a figure that was measured: it stands at the end of the output, whichever process ran the test."""
    return lambda said: request.node.user_properties.append(("measured", said))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests have measured."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    said = [
        value
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == "measured"
    ]
    if said:
        terminalreporter.section("measured")
        for each in said:
            terminalreporter.write_line(str(each))


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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole files to workers; whole groups, where there are any."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class WholeFiles(LoadGroupScheduling):  # type: ignore[misc, unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            group = super()._split_scope(nodeid)
            return nodeid.partition("::")[0] if group == nodeid else group

    return WholeFiles(config, log)
