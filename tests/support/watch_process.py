"""`nightside watch` as a process of its own: what it prints, how much memory it takes, and its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]
AT = Path(__file__).with_name("watch_at.py")


class WatchProcess:
    """One that runs; its lines are gathered as they come."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.begun_s = time.monotonic()
        self.out: list[Json] = []
        self.err: list[str] = []
        self._reading = [asyncio.create_task(self._read_out()), asyncio.create_task(self._read_err())]

    async def _read_out(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.out.append(json.loads(line))

    async def _read_err(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.err.append(line.decode().rstrip())

    async def until(self, condition: Callable[[], object], within_s: float = 60.0) -> float:
        """Wait until this holds; the seconds since the start."""
        deadline = time.monotonic() + within_s
        while not condition():
            said = "\n".join(self.err[-30:])
            assert self.process.returncode is None, f"it has ended:\n{said}"
            assert time.monotonic() < deadline, f"not within {within_s:g} s:\n{said}\n{self.out}"
            await asyncio.sleep(0.02)
        return time.monotonic() - self.begun_s

    def said(self, words: str) -> list[str]:
        """Lines of standard error with these words."""
        return [line for line in self.err if words in line]

    def told(self, kind: str) -> list[Json]:
        """Messages of this kind."""
        return [message for message in self.out if message["kind"] == kind]

    @property
    def most_memory_mib(self) -> float:
        """The most memory it has had at once, by the kernel's count (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        (line,) = (one for one in status.splitlines() if one.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024

    async def end(self, by: signal.Signals = signal.SIGINT) -> int:
        """As an operator ends it, or by SIGKILL as a power cut would, but for the disk; its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(by)
        async with asyncio.timeout(30):
            await asyncio.gather(*self._reading)
            return await self.process.wait()


def call(
    folder: Path, *words: str, clock_s: float = 0, store: str | None = None, **settings: str
) -> tuple[list[str], dict[str, str]]:
    """`nightside watch WORD... --json` and its environment, with the store, unless given, and all else in this folder.

    Its clock on the wall is wrong by `clock_s`: what takes hours on the clock needs no hours then.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTSIDE")}
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        env.pop(name, None)
        env.pop(name.upper(), None)
    home = str(folder / "home")
    env |= {"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
    env |= {"NIGHTSIDE_BMP_LISTEN": "127.0.0.1:0", **settings}
    program = [str(AT), str(clock_s)] if clock_s else ["-m", "nightside"]
    where = store or str(folder / "store")
    return [sys.executable, *program, "watch", *words, "--json", "--store", where], env


@asynccontextmanager
async def watching(
    folder: Path, *words: str, clock_s: float = 0, store: str | None = None, **settings: str
) -> AsyncIterator[WatchProcess]:
    """A watch, called as `call` says."""
    command, env = call(folder, *words, clock_s=clock_s, store=store, **settings)
    process = await asyncio.create_subprocess_exec(
        *command, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    running = WatchProcess(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.gather(process.wait(), *running._reading, return_exceptions=True)
