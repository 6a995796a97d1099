"""Judges that are killed one after the other, at any instant: together they tell what one tells alone."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from webhook_receiver import receiver

from nightside.store.location import open_store

LIVES = Path(__file__).parent.parent / "support" / "shared_lives.py"
KILLS = 15
FIRST_LIFE_S, LONGER = 0.4, 1.15
"""The longest life at first; each is this much longer, so that a slow machine gets on, too."""
SEED = 20141223
WITHIN_S = 120

Json = dict[str, Any]


class Lives:
    """One life of a judge after the other."""

    def __init__(self, archive: Path, template: Path, said: Path) -> None:
        self.template, self.said = template, said
        with said.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, LIVES, archive, template],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
            )
        assert self.line(WITHIN_S) == "ready", said.read_text()

    def line(self, within_s: float) -> str:
        """The next line, or nothing where none comes in this time."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], within_s)
        return self.process.stdout.readline().decode().strip() if ready else ""

    def begin(self, folder: Path, webhook: str) -> int:
        if not folder.exists():
            shutil.copytree(self.template, folder)
        assert self.process.stdin is not None
        self.process.stdin.write(f"{folder} {webhook}\n".encode())
        return int(self.line(10))


@pytest.fixture(scope="module")
def lives(december: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    folder = tmp_path_factory.mktemp("judges")
    found = Lives(december, folder / "template", folder / "said")
    yield found
    # A life that a failed test left behind, too: it would hold the pipes open for ever.
    os.killpg(found.process.pid, signal.SIGKILL)
    found.process.communicate()


def kept(folder: Path) -> Json:
    """Everything about incidents in a store."""
    with open_store(folder / "store") as store:
        return {
            one["id"]: {
                "revisions": [store.revision(one["id"], n) for n in store.revisions(one["id"])],
                "messages": store.messages(one["id"]),
            }
            for one in store.incidents()
        }


def test_judges_that_are_killed_tell_what_one_tells_alone(
    lives: Lives, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    with receiver() as hook:
        lives.begin(tmp_path / "undisturbed", hook.url)
        assert lives.line(WITHIN_S) == "0", lives.said.read_text()
    expected, told = kept(tmp_path / "undisturbed"), {m["key"]: m for _at, m in hook.got}
    # Documented: 31 minutes from 15:41 UTC.
    restored = [m for m in told.values() if m["kind"] == "restored"]
    assert [(m["onset"], m["end"]) for m in restored] == [("2014-12-23T15:41:00Z", "2014-12-23T16:12:00Z")]
    assert len(hook.got) == len(told)
    assert sorted(told) == sorted(m["key"] for one in expected.values() for m in one["messages"])

    chance = random.Random(SEED)
    kills, played, deadline = 0, 0, time.monotonic() + WITHIN_S
    while kills < KILLS:
        folder, longest_s, played = tmp_path / str(played), FIRST_LIFE_S, played + 1
        with receiver() as hook:
            while True:
                assert time.monotonic() < deadline, f"only {kills} kills in time"
                pid = lives.begin(folder, hook.url)
                ended = lives.line(chance.uniform(0, longest_s) if kills < KILLS else WITHIN_S)
                if ended:
                    assert ended == "0", lives.said.read_text()
                    break
                os.kill(pid, signal.SIGKILL)
                assert int(lives.line(10)) == signal.SIGKILL
                kills += 1
                longest_s *= LONGER
        assert kept(folder) == expected
        assert {m["key"]: m for _at, m in hook.got} == told
    measured(f"{kills} judges killed while {played} of them came to the end")
