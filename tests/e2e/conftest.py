"""The program as it is started from outside, and the archive of the demo, made once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from command_said import command_said
from made_once import made_once
from three_days import three_days_script

from nightside.scenes.build import build

Json = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """How one call of the program ended."""

    code: int
    out: str
    err: str

    @property
    def incidents(self) -> list[Json]:
        """Standard output as lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def messages(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()


Nightside = Callable[..., Ran]


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heard() -> Iterator[None]:
    """What is started here heeds SIGINT, also where a shell started the tests in its background.

    Such a shell has SIGINT ignored, and every process below inherits that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def nightside(tmp_path_factory: pytest.TempPathFactory) -> Nightside:
    """Start `nightside WORD...` as a process of its own; `env` is added to an environment without our settings."""
    home = tmp_path_factory.mktemp("home")
    bare = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTSIDE")}
    bare |= {"XDG_DATA_HOME": str(home), "HOME": str(home), "MPLCONFIGDIR": str(home)}

    def run(*words: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "nightside", *map(str, words)],
            cwd=cwd,
            env=bare | (env or {}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Nightside:
    """The same within this process, through the same door: for the many short calls."""

    def run(*words: object, store: bool = True) -> Ran:
        own = ["--store", str(tmp_path / "store")] if store else []
        monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
        return Ran(*command_said(monkeypatch, capsys, *words, *own))

    return run


@pytest.fixture(scope="session")
def december(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first three days of the archive that the demo reconstructs. Nobody may write into it."""

    def write(folder: Path) -> None:
        build(three_days_script(folder), folder / "archive")

    return made_once(tmp_path_factory, "december", write) / "archive"


@dataclass(frozen=True)
class Demo:
    """One run of the demo with a store of its own."""

    ran: Ran
    store: Path


@pytest.fixture(scope="session")
def demo(nightside: Nightside, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """`nightside demo --json` of those three days. Nobody may write into its store."""

    def run(folder: Path) -> None:
        ran = nightside("demo", three_days_script(folder), "--json", "--store", folder / "store")
        (folder / "ran.json").write_text(json.dumps(asdict(ran)))

    folder = made_once(tmp_path_factory, "demo", run)
    return Demo(Ran(**json.loads((folder / "ran.json").read_text())), folder / "store")
