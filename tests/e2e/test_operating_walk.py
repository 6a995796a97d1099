"""docs/operating.md, walked by a new operator: its commands in its order, on real servers of this machine.

PostgreSQL, a storage that speaks S3 (moto's), a Dask scheduler and two workers, each a process of its own. What the
page calls db.example, s3.example and scheduler.example is at free ports of 127.0.0.1; the archives are here too.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from archive_server import archive_server, without_proxies
from doc_examples import ROOT, Call, blocks, calls
from free_port import free_port
from postgres_server import PostgresServer

PROGRAMS = ("nightside", "dask", "psql", "createdb", "pg_dump", "pg_restore", "echo", "chmod", "export")
CALLS = [call for block in blocks(ROOT / "docs" / "operating.md") for call in calls(block, *PROGRAMS)]
ELSEWHERE = {
    "doctor": "waits for who is not there: tests/unit/engine/test_doctor.py",
    "watch": "goes on until it is ended: tests/e2e/test_ingesters.py",
}
"""What of ours the walk leaves out."""
PROGRAMS_OF_POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
"""Where Debian has those that are not for everybody."""
WAIT_S = 300


@dataclass
class Operator:
    """Who walks: a home, an environment, and what the page's names stand for."""

    home: Path
    env: dict[str, str]
    stands_for: dict[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def here(self, words: str) -> str:
        for name, value in self.stands_for.items():
            words = words.replace(name, value)
        return words

    def run(self, words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-c", self.here(words)],
            env=self.env,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout

    def set(self, words: str) -> None:
        """What an `export` says."""
        name, _, value = shlex.split(self.here(words))[1].partition("=")
        self.env[name] = value

    def start(self, words: str, says: str, times: int) -> None:
        """Start what goes on until it is ended, and wait until it has said so often that it is there."""
        log = self.home / f"{len(self.running)}.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                shlex.split(self.here(words)),
                env=self.env,
                cwd=self.home,
                stdout=said,
                stderr=said,
                process_group=0,
            )
        self.running.append(process)
        deadline = time.monotonic() + WAIT_S
        while log.read_text(errors="replace").count(says) < times:
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.1)

    def end(self) -> None:
        for process in reversed(self.running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(WAIT_S)


@pytest.fixture
def operator(
    tmp_path: Path,
    december: Path,
    postgres_server: PostgresServer,
    s3_bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Operator]:
    without_proxies(monkeypatch)
    database = postgres_server.url().partition("@")[2].partition("/")[0]
    scheduler = f"127.0.0.1:{free_port()}"
    host, port = database.split(":")
    with archive_server(december) as archive:
        bare = {k: v for k, v in os.environ.items() if not k.startswith(("NIGHTSIDE", "XDG", "PG"))}
        env = bare | {
            "PATH": os.pathsep.join(
                [str(Path(sys.executable).parent), *map(str, PROGRAMS_OF_POSTGRESQL), bare["PATH"]]
            ),
            "HOME": str(tmp_path),
            **{"PGHOST": host, "PGPORT": port, "PGUSER": "postgres"},
            "NIGHTSIDE_RIS_ARCHIVE_URL": archive.url,
            "NIGHTSIDE_BROKER_URL": f"{archive.url}/broker",
        }
        dashboard = "--dashboard-address 127.0.0.1:0"
        made = Operator(
            tmp_path,
            env,
            {
                "db.example:5432": database,
                "http://s3.example:9000": os.environ["AWS_ENDPOINT_URL"],
                "s3://nightside/": f"{s3_bucket}/",
                "dask scheduler --port 8786": f"dask scheduler --host 127.0.0.1 --port {scheduler[10:]} {dashboard}",
                "scheduler.example:8786": scheduler,
                "--nworkers 8": f"--nworkers 2 --host 127.0.0.1 {dashboard}",
                "/var/tmp/nightside": str(tmp_path / "dask"),
                "/var/cache/nightside": str(tmp_path / "cache"),
                "/srv/archive": str(december),
            },
        )
        try:
            yield made
        finally:
            made.end()
            for name in ("nightside", "restored"):
                postgres_server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            postgres_server.run("DROP ROLE IF EXISTS nightside")


@pytest.mark.xdist_group("timed")
def test_from_empty_servers_to_a_store_that_was_restored(
    operator: Operator, quick: Any, december: Path
) -> None:
    said = {}
    for call in CALLS:
        if call.not_run is None and not _elsewhere(call):
            said[call.words] = _walk(operator, call)
    assert any(words.startswith("nightside backfill") for words in said)
    assert "KP-20141221T0310Z" in said["nightside incidents"]
    # What a cluster tells is what one machine tells, to the byte.
    (replayed,) = [words for words in said if words.startswith("nightside replay")]
    alone = quick("replay", december, "--country", "KP", "--json")
    assert operator.run(f"{replayed} --json --store cluster") == alone.out
    # The files are where the page says; then the copy of both is a store as good as the first.
    stored = operator.run("nightside incidents --json")
    assert json.loads(stored.splitlines()[0])["id"] == "KP-20141221T0310Z"
    _copy(operator)
    operator.env["NIGHTSIDE_STORE"] = operator.env["NIGHTSIDE_STORE"].removesuffix("nightside") + "restored"
    del operator.env["NIGHTSIDE_SEGMENTS"]
    assert operator.run("nightside incidents --json") == stored
    operator.run("nightside show KP-20141221T0310Z --png outage.png")
    assert (operator.home / "outage.png").stat().st_size > 10_000


def _elsewhere(call: Call) -> bool:
    return call.words.startswith(tuple(f"nightside {what}" for what in ELSEWHERE))


def _walk(operator: Operator, call: Call) -> str:
    program = call.words.split()[0]
    if program == "export":
        operator.set(call.words)
    elif call.words.startswith("dask scheduler"):
        operator.start(call.words, "Scheduler at", 1)
    elif program == "dask":
        operator.start(call.words, "Registered to", 2)
    else:
        return operator.run(call.words, call.code)
    return ""


def _copy(operator: Operator) -> None:
    """What the page leaves to whatever program copies a bucket: from where the files lay to where they are now."""
    from pyarrow import fs

    bucket = operator.stands_for["s3://nightside/"].removeprefix("s3://").rstrip("/")
    system = fs.S3FileSystem(
        endpoint_override=os.environ["AWS_ENDPOINT_URL"].partition("://")[2],
        scheme="http",
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    )
    fs.copy_files(
        f"{bucket}/observatory", f"{bucket}/restored", source_filesystem=system, destination_filesystem=system
    )


def test_every_command_of_the_page_is_walked_or_tested_elsewhere() -> None:
    walked = {call.words.split()[1] for call in CALLS if call.words.startswith("nightside ")}
    assert walked > set(ELSEWHERE)
    assert {"replay", "backfill", "incidents", "store"} <= walked
    assert {call.words.split()[0] for call in CALLS} == set(PROGRAMS)
