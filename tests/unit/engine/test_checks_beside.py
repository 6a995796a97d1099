"""Results of checks beside routes: every line that is one is kept, every other told, and a folder's word holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from nightside.engine.checks.beside import BATCH, MOST_TOLD, keep_results
from nightside.model.check import CheckResult
from nightside.model.errors import UnreadableError
from nightside.store.location import open_store

AT = 1_419_264_000
RESULT = CheckResult(float(AT), "A", "KP", "KCNA", "state media", "http", "", 4, None, "ok", None, None)


class Refusing:
    """Keeps everything but results of one target, as a store refuses what is no result."""

    def __init__(self) -> None:
        self.kept: list[CheckResult] = []

    def put_results(self, results: Sequence[CheckResult]) -> int:
        from nightside.model.errors import UsageError

        if any(result.target == "bad" for result in results):
            raise UsageError("no result of a check: target is 'bad'")
        self.kept += results
        return len(results)


def line(at: int = AT, **changes: object) -> bytes:
    return json.dumps(
        {**RESULT.to_json(), "at": f"2014-12-22T{at // 3600 % 24:02}:{at // 60 % 60:02}:00.000Z"} | changes
    ).encode()


def kept(
    folder: Path, *lines: bytes, reconstruction: bool = False
) -> tuple[int, list[CheckResult], list[str]]:
    file = folder / "a.ndjson"
    file.write_bytes(b"\n".join(lines))
    store, told = Refusing(), list[str]()
    return keep_results(store, [file], reconstruction=reconstruction, warn=told.append), store.kept, told


def test_every_result_is_kept_and_a_last_line_needs_no_end(tmp_path: Path) -> None:
    new, results, told = kept(tmp_path, line(), line(AT + 60), b"", line(AT + 120))
    assert (new, len(results), told) == (3, 3, [])
    assert {result.reconstruction for result in results} == {False}


def test_the_word_of_the_folder_holds_for_what_does_not_say_so_itself(tmp_path: Path) -> None:
    _, results, _ = kept(tmp_path, line(), line(AT + 60, reconstruction=True), reconstruction=True)
    assert [result.reconstruction for result in results] == [True, True]
    # The other way round a result keeps its own word.
    _, results, _ = kept(tmp_path, line(reconstruction=True))
    assert results[0].reconstruction


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"{", "no JSON"),
        (b"[" * 60_000, "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "not an object"),
        (line(outcome="fine"), "`outcome`"),
        (line(colour="red"), "'colour'"),
        (b'"' + b"x" * 100_000 + b'"', "more than 65536 bytes"),
    ],
    ids=["torn", "deep", "no text", "a list", "a word", "a key", "long"],
)
def test_a_bad_line_is_told_with_its_place_and_costs_no_other(tmp_path: Path, bad: bytes, said: str) -> None:
    new, results, told = kept(tmp_path, line(), bad, line(AT + 60))
    assert (new, len(results)) == (2, 2)
    (one,) = told
    assert f"{tmp_path / 'a.ndjson'}: line 2: " in one
    assert said in one


def test_many_bad_lines_are_told_by_their_number(tmp_path: Path) -> None:
    _, _, told = kept(tmp_path, *[b"x"] * (MOST_TOLD + 1_000), line())
    assert len(told) == MOST_TOLD + 1
    assert told[-1].endswith("a.ndjson: 1,000 more lines left out")


def test_what_the_store_refuses_costs_that_line_alone(tmp_path: Path) -> None:
    lines = [line(AT + 60 * n, target="bad" if n == 17 else "KCNA") for n in range(40)]
    new, results, told = kept(tmp_path, *lines)
    assert (new, len(results)) == (39, 39)
    assert [t.partition("a.ndjson: ")[2] for t in told] == [
        "line 18: no result of a check: target is 'bad'; it is left out"
    ]


def test_more_than_a_batch_is_kept_whole_and_once(tmp_path: Path) -> None:
    file = tmp_path / "many.ndjson"
    with file.open("w", encoding="utf-8") as out:
        for n in range(BATCH + 5):
            out.write(json.dumps(RESULT.to_json() | {"place": f"place {n}"}) + "\n")
    with open_store(tmp_path / "store") as store:
        assert keep_results(store, [file], reconstruction=True, warn=pytest.fail) == BATCH + 5
        assert keep_results(store, [file], reconstruction=True, warn=pytest.fail) == 0
        assert store.results("KP", AT - 3600, AT + 86_400).num_rows == BATCH + 5


def test_a_file_that_is_gone_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"gone\.ndjson"):
        keep_results(Refusing(), [tmp_path / "gone.ndjson"], reconstruction=False, warn=pytest.fail)
