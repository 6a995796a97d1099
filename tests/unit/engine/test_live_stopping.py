"""A watch that is asked to end: a real process, real signals, and in which order things are let go."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from quiet_server import QuietServer, running
from told_messages import message

from nightside.engine.channels.configuration import webhook_channel
from nightside.engine.channels.outbox import Outbox
from nightside.engine.live.stopping import delivering, run_until_stopped
from nightside.model.errors import UsageError

SUPPORT = str(Path(__file__).parents[2] / "support")
HEAD = """
import asyncio, sys, time
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from nightside.engine.live.stopping import delivering, interruptible, run_until_stopped

def say(text):
    print(text, flush=True)
"""
WATCH = (
    HEAD
    + """
from nightside.engine.channels.configuration import webhook_channel
from nightside.engine.channels.outbox import Outbox
from nightside.engine.live.health import serving
from nightside.engine.live.vitals import Vitals

VITALS = Vitals(time.time(), None, 2.0, None, 0, 0, True, 0, 0, 0, 0, {})
sys.path.insert(0, sys.argv[3])
from told_messages import message
outbox = Outbox(Path(sys.argv[2]), [webhook_channel(sys.argv[1], None)])

@asynccontextmanager
async def noted(what, inner):
    try:
        async with inner as value:
            yield value
    finally:
        say(f"ended: {what}")

async def source():
    try:
        while True:
            yield 1
            await asyncio.sleep(0.01)
    finally:
        await outbox.put(*message("KP"))
        say("ended: sources")

async def main():
    async with noted("health", serving("127.0.0.1:0", lambda: VITALS)), noted("delivery", delivering(outbox)):
        async with aclosing(source()) as values:
            first = True
            async for _ in values:
                if first:
                    say("ready")
                first = False

with interruptible():
    run_until_stopped(main, say)
say("after")
"""
)
STUBBORN = (
    HEAD
    + """
async def main():
    say("ready")
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(60)

run_until_stopped(main, say)
"""
)
EARLY = (
    HEAD
    + """
try:
    with interruptible():
        say("ready")
        time.sleep(60)
except KeyboardInterrupt:
    say("interrupted")
"""
)


class Receiver(QuietServer):
    """Takes a while over each message."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        threading.Event().wait(0.3)
        self.server.keys.append(self.headers["Idempotency-Key"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def receiver() -> AbstractContextManager[Receiver]:
    return running(Receiver())


@contextmanager
def child(code: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n", process.communicate(timeout=10)
        yield process
    finally:
        process.kill()
        with suppress(ValueError):
            process.communicate(timeout=10)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_sources_then_delivery_then_health_and_exits_with_0(
    tmp_path: Path, by: signal.Signals
) -> None:
    with receiver() as hook:
        url = f"http://127.0.0.1:{hook.server_port}/hook"
        with child(WATCH, url, str(tmp_path / "outbox"), SUPPORT) as process:
            process.send_signal(by)
            said, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")
        assert said.splitlines() == [
            f"{by.name}: ending; once more ends at once",
            "ended: sources",
            "ended: delivery",
            "ended: health",
            "after",
        ]
    # What was spooled last of all was still delivered.
    assert hook.keys == [message("KP")[0]["key"]]
    with closing(Outbox(tmp_path / "outbox", [])) as left:
        assert left.spool.names() == []


def test_a_second_signal_ends_it_at_once() -> None:
    with child(STUBBORN) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("SIGTERM: ending")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        assert process.returncode == -signal.SIGTERM


def test_before_there_is_a_loop_sigterm_is_what_ctrl_c_is() -> None:
    with child(EARLY) as process:
        process.send_signal(signal.SIGTERM)
        said, errors = process.communicate(timeout=10)
        assert (process.returncode, said, errors) == (0, "interrupted\n", "")


def test_what_goes_wrong_comes_out_as_it_is() -> None:
    async def wrong() -> None:
        raise UsageError("no such port")

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(wrong())

    with pytest.raises(UsageError, match="no such port"):
        run_until_stopped(main, lambda _text: None)


def test_two_that_go_wrong_come_out_together() -> None:
    async def wrong(error: Exception) -> None:
        raise error

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(wrong(OSError()))
            group.create_task(wrong(ZeroDivisionError()))

    with pytest.raises(ExceptionGroup) as caught:
        run_until_stopped(main, lambda _text: None)
    assert len(caught.value.exceptions) == 2


def test_signals_are_theirs_again_afterwards() -> None:
    async def main() -> None:
        pass

    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    run_until_stopped(main, lambda _text: None)
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_receiver_that_is_down_holds_the_end_up_for_no_longer_than_it_may(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outbox = Outbox(tmp_path, [webhook_channel(f"http://127.0.0.1:{port}/hook", None)])

    async def main() -> float:
        loop = asyncio.get_running_loop()
        async with delivering(outbox, last_words_s=0.3):
            await outbox.put(*message("KP"))
            begun = loop.time()
        return loop.time() - begun

    with closing(outbox):
        assert 0.3 <= asyncio.run(main()) < 3
    with closing(Outbox(tmp_path, [])) as left:
        assert left.spool.count("webhook") == 1


def test_a_delivery_that_breaks_ends_nothing(tmp_path: Path) -> None:
    warnings: list[str] = []
    hook = webhook_channel("http://127.0.0.1:9/hook", None)
    outbox = Outbox(tmp_path / "outbox", [hook], warn=warnings.append)

    async def main() -> None:
        async with delivering(outbox, last_words_s=0):
            # The folder is something else by now: nothing can be written there.
            shutil.rmtree(tmp_path / "outbox")
            (tmp_path / "outbox").write_text("a file")
            await outbox.put(*message("KP"))
            async with asyncio.timeout(5):
                while len(warnings) < 2:
                    await asyncio.sleep(0.01)

    with closing(outbox):
        run_until_stopped(main, lambda _text: None)
    assert len([text for text in warnings if "wait in memory" in text]) == 1
    assert len([text for text in warnings if "cannot be reached" in text]) == 1


# -- who started us -----------------------------------------------------------------------------------


def told_to_supervisor(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    behind_s: Sequence[int | OSError],
    watchdog_us: int | None = 200_000,
) -> list[str]:
    """What a supervisor is told of a watch that is so far behind, or not to be read, whenever it is asked."""
    from dataclasses import replace

    from nightside.engine.live.supervisor import supervised
    from nightside.engine.live.vitals import Vitals

    well = Vitals(1000.0, 997, 2.0, 900, 18, 20, False, 0, 0, 0, 2, {})
    left = list(behind_s)

    def vitals() -> Vitals:
        behind = left.pop(0) if left else 0
        if isinstance(behind, OSError):
            raise behind
        return replace(well, judged_s=997 - behind)

    path = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    if watchdog_us:
        monkeypatch.setenv("WATCHDOG_USEC", str(watchdog_us))
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))

    async def main() -> None:
        async with supervised(vitals):
            await asyncio.sleep(0.25)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(path)
        supervisor.settimeout(0.2)
        asyncio.run(main())
        said = []
        with suppress(TimeoutError):
            while True:
                said.append(supervisor.recv(4096).decode())
    return said


def test_a_supervisor_is_told_of_begin_life_and_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *signs, last = told_to_supervisor(tmp_path, monkeypatch, [])
    assert (first, last) == ("READY=1", "STOPPING=1")
    assert set(signs) == {"WATCHDOG=1\nSTATUS=18 of 20 peer ASes, 2 incidents open"}
    # Twice in the time of the watchdog, 0.2 s.
    assert 2 <= len(signs) <= 4


def test_a_watch_that_stands_still_gives_no_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told_to_supervisor(tmp_path, monkeypatch, [100] * 9) == ["READY=1", "STOPPING=1"]


def test_signs_of_life_do_not_end_where_something_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick = OSError(5, "Input/output error")
    first, *signs, last = told_to_supervisor(tmp_path, monkeypatch, [sick])
    assert (first, last) == ("READY=1", "STOPPING=1")
    assert signs[0] == "WATCHDOG=1\nSTATUS=how it is doing cannot be read: Input/output error"
    assert signs[1:]
    assert set(signs[1:]) == {"WATCHDOG=1\nSTATUS=18 of 20 peer ASes, 2 incidents open"}


def test_without_a_watchdog_no_signs_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert told_to_supervisor(tmp_path, monkeypatch, [], watchdog_us=None) == ["READY=1", "STOPPING=1"]
