"""`--language`: countries are named in the reader's language, in words and tables; JSON is English."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from web_store import KP_ID, fill

from nightside.cli.language import reader_language
from nightside.model.errors import UsageError

KOREAN = "북한"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small store."""
    folder = tmp_path_factory.mktemp("language") / "store"
    fill(folder)
    return folder


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nightside", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "", "HOME": "/nowhere", "PYTHONUTF8": "1", **variables},
    )


def test_tables_and_words_name_the_country_in_the_language(stored: Path) -> None:
    for command in (("incidents", "KP"), ("show", KP_ID)):
        english = run(*command, "--store", str(stored))
        korean = run(*command, "--store", str(stored), "--language", "ko")
        assert "North Korea" in english.stdout
        assert KOREAN in korean.stdout
        # Posts are told as they were sent.
        assert KOREAN not in english.stdout
    world = run("world", "show", "--country", "KP", "--language", "ko")
    assert f"  {KOREAN}: 4 units" in world.stdout


def test_the_setting_holds_where_nothing_is_asked_and_never_for_json(stored: Path) -> None:
    command = ("incidents", "KP", "--store", str(stored))
    assert KOREAN in run(*command, NIGHTSIDE_LANGUAGE="ko").stdout
    assert "Nordkorea" in run(*command, "--language", "de", NIGHTSIDE_LANGUAGE="ko").stdout
    for language in ((), ("--language", "de")):
        lines = run(*command, "--json", *language, NIGHTSIDE_LANGUAGE="ko").stdout.splitlines()
        assert lines
        assert {json.loads(line)["entity"]["name"] for line in lines} == {"North Korea"}


def test_a_tag_that_does_not_exist_is_wrong_usage(stored: Path) -> None:
    asked = run("incidents", "--store", str(stored), "--language", "korean")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "Did you mean ko?" in asked.stderr
    chosen = run("incidents", "--store", str(stored), NIGHTSIDE_LANGUAGE="../ko")
    assert (chosen.returncode, chosen.stdout) == (2, "")
    assert chosen.stderr.startswith("nightside: NIGHTSIDE_LANGUAGE: ")


def test_english_unless_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NIGHTSIDE_LANGUAGE", raising=False)
    file = tmp_path / "nightside.toml"
    file.write_text("")
    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(file))
    assert reader_language(None) == "en"
    file.write_text('language = "zh-hant"')
    assert reader_language(None) == "zh-Hant"
    file.write_text('language = "zz-zz"')
    with pytest.raises(UsageError, match="NIGHTSIDE_LANGUAGE"):
        reader_language(None)
