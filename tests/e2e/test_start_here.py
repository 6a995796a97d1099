"""docs/start.md, walked by a new user: its commands and files, in its order, in a home that is empty.

The demo's archive stands for the one that the reader's own demo leaves behind; RIS, RIS Live and RIPEstat are on this
machine. The alert at the end is a real one: the networks are withdrawn, and the page's receiver prints it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bgp_bytes as bgp
import pytest
from archive_server import archive_server, without_proxies
from doc_examples import ROOT, Call, blocks, calls, is_python
from doc_place import told_by_ripestat
from free_port import free_port
from recent_archive import Route, write_archive
from ripestat_server import ripestat_server
from ris_live_server import RisLiveServer, message_frame
from small_archive import T0, Archive, full_table
from watch_process import WatchProcess

Json = dict[str, Any]
PAGE = list(blocks(ROOT / "docs" / "start.md"))
CALLS = [call for block in PAGE for call in calls(block, "nightside")]
KP = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
PEERS = {f"192.0.2.{n}": 3000 + n for n in range(1, 8)}
BEACON, ANCHOR = "84.205.70.0/24", "84.205.86.0/24"
ROUTES: list[Route] = [
    *((prefix, (4837, 131279)) for prefix in KP),
    *((prefix, (2497, 12654)) for prefix in (BEACON, ANCHOR)),
    *((f"11.{n}.0.0/16", (1299, 3356)) for n in range(200)),
]
ELSEWHERE = {
    "demo": "made the archive: tests/e2e/test_demo.py",
    "doctor": "waits for who is not there: tests/unit/engine/test_doctor.py",
    "serve": "goes on until it is ended: tests/e2e/test_examples.py asks one",
    "watch": "the second walk",
}
"""What the first walk leaves out."""


class Home:
    """The reader's: a folder, an environment, and a receiver that prints what it gets."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env

    @property
    def received(self) -> list[Json]:
        return [json.loads(line) for line in (self.folder / "printed").read_text().splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, december: Path) -> Iterator[Home]:
    folder, ris = tmp_path_factory.mktemp("reader"), tmp_path_factory.mktemp("ris")
    (folder / "archive").symlink_to(december)
    write_archive(ris, "rrc06", PEERS, ROUTES)
    # What is fetched of 2014 is there too, by the name of the page's collector.
    (ris / "rrc06" / "2014.12").symlink_to(december / "rrc00" / "2014.12")
    port = _files(folder)
    with pytest.MonkeyPatch.context() as patch:
        without_proxies(patch)
        with archive_server(ris) as archive, ripestat_server(told_by_ripestat, patch, folder) as ripe:
            bare = {k: v for k, v in os.environ.items() if not k.startswith(("NIGHTSIDE", "XDG"))}
            env = bare | {
                "HOME": str(folder),
                "PYTHONPATH": str(ROOT / "src"),
                "NIGHTSIDE_RIS_ARCHIVE_URL": archive.url,
                "NIGHTSIDE_BROKER_URL": f"{archive.url}/broker",
                "NIGHTSIDE_RIPESTAT_URL": ripe.url,
                "NIGHTSIDE_BMP_LISTEN": "127.0.0.1:0",
            }
            quiet = subprocess.DEVNULL
            with (
                (folder / "printed").open("w") as printed,
                subprocess.Popen(
                    [sys.executable, "receiver.py"], cwd=folder, stdout=printed, stderr=quiet
                ) as receiver,
            ):
                _until_it_listens(port)
                yield Home(folder, env)
                receiver.terminate()


def _files(folder: Path) -> int:
    """The files that the page has the reader write, with a port that is free; that port."""
    port = free_port()
    own = {
        "receiver.py": next(block for block in PAGE if is_python(block)),
        ".config/nightside/channels.toml": next(block for block in PAGE if block.language == "toml"),
    }
    for name, block in own.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        assert "9000" in block.text
        (folder / name).write_text(block.text.replace("9000", str(port)))
    return port


def _until_it_listens(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the page's receiver does not listen")


def run(call: Call, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    """What the call prints; it ends as the page says."""
    from nightside.cli.main import main

    monkeypatch.setattr(sys, "argv", call.words.split())
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    said, complaint = capfd.readouterr()
    assert code == call.code, (call, complaint)
    return said


def test_from_an_empty_home_to_a_dry_run(
    home: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("NIGHTSIDE", "XDG"))]:
        monkeypatch.delenv(name)
    for name, value in home.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home.folder)
    printed = {}
    for call in CALLS:
        if call.words.split()[1] not in ELSEWHERE:
            printed[call.words.removeprefix("nightside ")] = run(call, monkeypatch, capfd)
    replayed = printed["replay archive --country KP"]
    assert "9-hour 31-minute outage" in replayed
    # The page goes on with the id that the reader has just seen.
    assert "KP-20141221T0310Z" in replayed
    assert "KP-20141221T0310Z" in printed["incidents"]
    assert "175.45.176.0/24" in printed["networks KP archive --at 2014-12-21T12:00"]
    assert "<html" in (home.folder / "outage.html").read_text()
    (test,) = home.received
    assert test["schema"] == "nightside.test/1"
    assert "opened" in printed["channels --dry-run"]


def test_a_country_that_the_archive_does_not_have_is_not_told_to_be_well(quick: Any, tmp_path: Path) -> None:
    """Who follows the page with a country of their own may have one that the demo's archive lacks."""
    archive = Archive(tmp_path / "archive")
    archive.table(T0, full_table())
    archive.finish(T0 + 600)
    said = {code: quick("replay", tmp_path / "archive", "--country", code) for code in ("KP", "va")}
    assert said["KP"].out == "No outage and no instability.\n"
    assert said["va"].out == "Nothing is known: no network was seen.\n"
    assert "no network of it" not in said["KP"].err
    assert "va: the input has no network of it, so nothing can be told of it" in said["va"].err
    both = quick("replay", tmp_path / "archive", "--country", "KP", "--country", "VA", "--json")
    assert (both.code, both.out) == (0, "")
    assert "VA: the input has no network of it" in both.err


def test_every_command_of_the_page_is_walked_or_tested_elsewhere() -> None:
    assert {call.words.split()[1] for call in CALLS} >= set(ELSEWHERE)


def test_a_watch_sends_the_first_alert(home: Home) -> None:
    (watch,) = [call for call in CALLS if call.words.startswith("nightside watch ")]

    async def says(live: RisLiveServer, message: bytes) -> None:
        now = time.time()
        await live.say(
            *(message_frame(message, host="rrc06", peer=p, asn=n, time_s=now) for p, n in PEERS.items())
        )

    async def walk() -> None:
        async with RisLiveServer(filters=True) as live:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *watch.words.split(),
                cwd=home.folder,
                env=home.env | {"NIGHTSIDE_RIS_LIVE_URL": live.url},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            running = WatchProcess(process)
            try:
                await running.until(lambda: running.said("4 units reachable"))
                await live.until(asked=5)
                await says(live, bgp.update((BEACON,), (3001, 2497, 12654)))
                await says(live, bgp.update(withdrawn=KP))
                await running.until(lambda: [m for m in home.received if m.get("kind") == "opened"], 20)
                process.send_signal(signal.SIGINT)
                assert await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.kill()
                await asyncio.gather(process.wait(), *running._reading, return_exceptions=True)

    asyncio.run(walk())
    (opened,) = [message for message in home.received if message.get("kind") == "opened"]
    assert (opened["entity"]["code"], opened["severity"], opened["reconstruction"]) == ("KP", "total", False)
