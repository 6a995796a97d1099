"""Properties of every entrance of bytes: what fuzz/ looks for by the hour, here for some seconds."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from fuzz import corpus
from fuzz.entrances import ENTRANCES, entrance
from fuzz.fields import Bytes, Group, Number, content_of, measured, mutate
from fuzz.inputs import MAKERS, made
from fuzz.rules import WrongError

from nightside.model.elements import Kind

ROOT = Path(__file__).resolve().parents[2]
INPUTS = {"mrt": 200, "state": 40, "bmp": 200, "message": 400, "frames": 150, "answer": 100, "packed": 80}


@pytest.mark.parametrize("name", ENTRANCES)
def test_no_mutated_record_breaks_a_rule(name: str) -> None:
    for number in range(INPUTS[name]):
        content = made(name, 4, number)
        try:
            entrance(name)(content)
        except WrongError as wrong:
            raise AssertionError(f"input {number}, {content.hex()}: {wrong}") from None


@pytest.mark.parametrize("name", ENTRANCES)
def test_no_committed_input_breaks_a_rule_at_any_entrance(name: str) -> None:
    seen = 0
    for _, content in corpus.committed():
        entrance(name)(content)
        seen += 1
    assert seen > 100


def test_the_committed_inputs_hold_every_kind_of_element_and_many_errors() -> None:
    from fuzz.entrances.mrt import Reading, read

    kinds: Counter[int] = Counter()
    reasons: set[str] = set()
    for _, content in corpus.committed():
        reading = read(content, [content])
        if isinstance(reading, Reading):
            kinds.update(reading.columns["kind"])
            reasons |= {skip.reason.split(" ")[0] for skip in reading.skipped}
    assert set(kinds) == {int(kind) for kind in Kind}
    assert len(reasons) >= 8, reasons


def test_the_committed_inputs_are_small() -> None:
    sizes = [len(content) for _, content in corpus.committed()]
    assert sum(sizes) < 300_000
    assert max(sizes) < 20_000


@pytest.mark.parametrize("name", MAKERS)
def test_inputs_are_the_same_for_the_same_number_and_others_for_another(name: str) -> None:
    assert made(name, 1, 7) == made(name, 1, 7)
    assert len({made(name, 1, number) for number in range(20)}) > 15


def test_a_tree_measures_itself_unless_told_otherwise() -> None:
    inner = Group("inner", [Number(7, 2), Bytes(b"abc")])
    tree = Group("outer", [*measured(2, inner, plus=2), *measured(1, inner, parts=True)])
    assert content_of(tree) == b"\0\7" + b"\0\7abc" + b"\2" + b"\0\7abc"
    inner.parts.append(Bytes(b"de"))
    assert content_of(tree) == b"\0\x09" + b"\0\7abcde" + b"\3" + b"\0\7abcde"


def test_a_mutation_changes_one_field_and_leaves_the_rest() -> None:
    import random

    changed = 0
    for seed in range(50):
        tree = Group("outer", [Number(0xAAAA, 2), *measured(1, Bytes(b"x" * 9)), Number(0xBBBB, 2)])
        before = content_of(tree)
        mutate(random.Random(seed), tree, [], 1)
        after = content_of(tree)
        changed += after != before
        assert after[:2] == before[:2] or after[-2:] == before[-2:]
    assert changed > 40


def test_a_reader_that_loses_a_record_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from fuzz.entrances import mrt

    class Forgetful(mrt.Decoder):
        """Gives nothing of what it has at the end."""

        def finish(self):  # type: ignore[no-untyped-def]
            list(super().finish())
            return iter(())

    monkeypatch.setattr(mrt, "Decoder", Forgetful)
    found = 0
    for number in range(30):
        try:
            mrt.enter(made("mrt", 4, number))
        except WrongError:
            found += 1
    assert found > 10


def test_a_finding_is_kept_with_the_command_that_plays_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fuzz import findings

    monkeypatch.setattr(findings, "FOUND", tmp_path)
    kept = findings.Findings("records", "plain")
    for number in range(9):
        kept.add("mrt", bytes([number]), f"WrongError: byte {number} is lost")
    assert kept.counts == {"mrt: WrongError: byte N is lost": 9}
    files = findings.kept("records")
    assert len(files) == findings.MOST_ALIKE
    assert (
        files[0].with_suffix(".txt").read_text().startswith(".venv/bin/python -m fuzz replay --build plain")
    )
    assert findings.entrance_of(files[0]) == "mrt"


def test_the_plain_loop_tells_how_many_inputs_it_took_and_what_it_found() -> None:
    command = [
        sys.executable,
        "-m",
        "fuzz.records",
        "--end",
        "5",
        "--entrance",
        "message",
        "--entrance",
        "bmp",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == '{"next": 5, "inputs": 10, "findings": {}}\n'


if find_spec("atheris") is not None:

    def test_atheris_runs_over_every_entrance(tmp_path: Path) -> None:
        from fuzz.campaign import seed

        seed(tmp_path / "seeds", 5)
        (tmp_path / "grown").mkdir()
        told = tmp_path / "told.json"
        command = [sys.executable, "-m", "fuzz.guided", "--told", str(told), str(tmp_path / "grown")]
        command += [str(tmp_path / "seeds"), "-runs=1000", "-seed=1", "-max_len=4096", "-rss_limit_mb=3000"]
        command += [f"-artifact_prefix={tmp_path}/"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        assert "Done 1000 runs" in done.stderr
        assert not told.exists(), told.read_text()
