"""A real PostgreSQL for tests, on a free port of 127.0.0.1: started, killed, started again, stopped.

Its data lie in a folder of its own that goes with it. PostgreSQL refuses to be root's: where the tests are, it is
nobody's. Its superuser is `postgres` without a password; the user `locked` has the password `sesame`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from free_port import free_port

WAIT_S = 60
_QUICK = {
    # Nothing here outlives the machine, and a killed server leaves what it wrote to the kernel.
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "autovacuum_naptime": "10s",
}
_WHO_MAY = """
host all locked 127.0.0.1/32 scram-sha-256
host all all    127.0.0.1/32 trust
"""


def _programs() -> Path | None:
    """The folder of the newest initdb and postgres."""
    found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: float(folder.parent.name))
    named = shutil.which("initdb")
    return Path(named).parent if named and shutil.which("postgres") else None


def why_no_postgres() -> str | None:
    """Why there is none here; None where there is."""
    return None if _programs() else "PostgreSQL is not installed"


class PostgresServer:
    """One server. `url()` is known before it is started; every wait is bounded."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Make its data in `folder`, which whoever runs it can reach. `settings` are those of postgresql.conf."""
        programs = _programs()
        assert programs is not None
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._port = free_port()
        self._settings = {**_QUICK, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._who: dict[str, Any] = {}
        if os.getuid() == 0:
            shutil.chown(folder, "nobody")
            self._who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        subprocess.run(
            [
                programs / "initdb",
                *("--pgdata", self._data, "--username", "postgres", "--auth", "trust"),
                *("--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8"),
                # Most servers put words in order by the rules of a language, and not by their bytes.
                *("--locale-provider", "icu", "--icu-locale", "en-US"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            timeout=WAIT_S,
            **self._who,
        )
        (self._data / "pg_hba.conf").write_text(_WHO_MAY)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """As `--store` takes it."""
        return f"postgresql://{user}@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self._port)]
        words += [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        deadline = time.monotonic() + WAIT_S
        while True:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **self._who
                )
            if self._answers(deadline):
                return
            # After a kill, what its children still hold of it must go first.
            assert time.monotonic() < deadline, self._log.read_text()[-2000:]
            time.sleep(0.2)

    def _answers(self, deadline: float) -> bool:
        import psycopg

        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def kill(self) -> None:
        """As if its machine had lost it: SIGKILL for the postmaster, and with it all of its children end."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it as its operator does who does not wait for those connected ("fast")."""
        self._end(signal.SIGINT)

    def restart(self) -> None:
        """`stop` and `start`."""
        self.stop()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(WAIT_S)
            self._process = None

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the superuser, outside of a transaction; its rows, where it has any."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, like: str = "template1") -> str:
        """The name of a new one: empty, or a copy of one that nobody is connected to."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name


@contextmanager
def postgres(**settings: str) -> Iterator[PostgresServer]:
    """A server that runs within the block, and leaves nothing behind. `settings` are those of postgresql.conf."""
    folder = Path(tempfile.mkdtemp(prefix="nightside-postgres-"))
    try:
        server = PostgresServer(folder, **settings)
        server.start()
        server.run("CREATE ROLE locked LOGIN PASSWORD 'sesame'")
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
