"""What `ci/release.py` refuses to release: each reason by itself, in a checkout that has nothing else wrong."""

from __future__ import annotations

import os
import subprocess
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from ci import release
from ci.release import LICENCES, MOST, PYTHONS, missing_wheels, wrong_with_tree, wrong_with_wheel

ROOT = Path(__file__).resolve().parents[2]
WHEEL = "nightside-1.2.0-cp311-cp311-manylinux_2_28_x86_64.whl"


def git(folder: Path, *words: str) -> None:
    names = {
        f"GIT_{who}_{what}": "one@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    env = os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, env=env, timeout=30)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of 1.2.0 that can be released."""
    for name, text in {
        "pyproject.toml": '[project]\nname = "nightside"\nversion = "1.2.0"\n',
        "src/nightside/__init__.py": '__version__ = "1.2.0"\n',
        "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n## [1.1.0] - 2026-11-30\n",
        "tests/released/next.json": "{}\n",
        "tests/released/1.2.0.json": "{}\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(tmp_path, "init", "-q")
    committed(tmp_path)
    return tmp_path


def committed(tree: Path) -> None:
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "one", "--allow-empty")


def replace(tree: Path, name: str, old: str, new: str) -> None:
    text = (tree / name).read_text(encoding="utf-8")
    assert old in text
    (tree / name).write_text(text.replace(old, new), encoding="utf-8")
    committed(tree)


def test_a_checkout_that_is_as_it_has_to_be(tree: Path) -> None:
    assert wrong_with_tree(tree, tagged=False) == []
    assert wrong_with_tree(tree, tagged=True) == ["there is no tag v1.2.0"]
    git(tree, "tag", "v1.2.0")
    assert wrong_with_tree(tree, tagged=True) == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda t: (t / "new.py").touch(), "changes that are not committed"),
        (lambda t: replace(t, "src/nightside/__init__.py", "1.2.0", "1.2.1"), "does not say version 1.2.0"),
        (
            lambda t: replace(t, "CHANGELOG.md", "## [1.2.0] - 2026-12-01\n", ""),
            "in CHANGELOG.md is not 1.2.0",
        ),
        (lambda t: replace(t, "CHANGELOG.md", " - 2026-12-01", ""), "does not say the day of 1.2.0"),
        (
            lambda t: replace(t, "tests/released/next.json", "{}", '{"a": {}}'),
            "shapes of 1.2.0 are not recorded",
        ),
        (lambda t: (git(t, "tag", "v1.2.0"), committed(t)), "the tag v1.2.0 is another commit"),
    ],
)
def test_each_reason_not_to_release(tree: Path, spoil: Callable[[Path], object], told: str) -> None:
    spoil(tree)
    (found,) = wrong_with_tree(tree, tagged=False)
    assert told in found


def wheel(folder: Path, *, without: str = "", beside: str = "") -> Path:
    """A wheel with all that one needs, by name, but for what is named."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    modules = [m["name"].replace(".", "/") for m in config["tool"]["setuptools"]["ext-modules"]]
    names = [f"{module}.cpython-311-x86_64-linux-gnu.so" for module in modules]
    names += [f"nightside-1.2.0.dist-info/licenses/{name}" for name in LICENCES] + ["nightside/__init__.py"]
    with zipfile.ZipFile(folder / WHEEL, "w") as made:
        for name in [*names, *filter(None, [beside])]:
            if not without or without not in name:
                made.writestr(name, "")
    return folder / WHEEL


def test_a_whole_wheel(tmp_path: Path) -> None:
    assert wrong_with_wheel(wheel(tmp_path)) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"without": "NOTICE"}, "without the licence NOTICE"),
        ({"without": "wire/decoder"}, "without nightside/wire/decoder, compiled"),
        ({"beside": "nightside/wire/decoder.c"}, "nightside/wire/decoder.c does not belong there"),
        ({"beside": "tests/conftest.py"}, "tests/conftest.py does not belong there"),
    ],
)
def test_what_a_wheel_lacks_or_has_too_much(tmp_path: Path, given: dict[str, str], told: str) -> None:
    (found,) = wrong_with_wheel(wheel(tmp_path, **given))
    assert found == f"{WHEEL}: {told}"


def test_a_wheel_that_is_too_large(tmp_path: Path) -> None:
    path = wheel(tmp_path)
    with zipfile.ZipFile(path, "a") as made:
        made.writestr("nightside/world/data/all.npz", bytes(MOST))
    (found,) = wrong_with_wheel(path)
    assert "more than 10,000,000" in found


def test_every_promised_wheel_is_missed() -> None:
    every = [
        Path(f"nightside-1.2.0-cp3{n}-cp3{n}-{machine}.whl")
        for n in (11, 12, 13, 14)
        for machine in (
            "manylinux_2_27_x86_64.manylinux_2_28_x86_64",
            "manylinux_2_28_aarch64",
            "macosx_12_0_x86_64",
            "macosx_12_0_arm64",
        )
    ]
    assert missing_wheels(every) == []
    assert missing_wheels(every[1:]) == ["no wheel for cp311 on Linux x86-64"]
    assert len(missing_wheels([Path("nightside-1.2.0-cp311-cp311-linux_x86_64.whl")])) == 16


def test_what_is_made_elsewhere_is_what_is_promised() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = config["tool"]["cibuildwheel"]
    said = {c.rpartition(" ")[2] for c in config["project"]["classifiers"] if " :: Python :: 3." in c}
    assert {f"cp{version.replace('.', '')}-*" for version in said} == set(asked["build"])
    assert {f"{python}-*" for python in PYTHONS} == set(asked["build"])
    assert asked["linux"]["archs"] == ["x86_64", "aarch64"]
    assert asked["macos"]["archs"] == ["x86_64", "arm64"]


def test_nothing_is_uploaded_unless_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran: list[tuple[str, ...]] = []
    made = (
        tmp_path / "nightside-0.1.0.tar.gz",
        wheel(tmp_path).rename(tmp_path / WHEEL.replace("1.2.0", "0.1.0")),
    )
    made[0].touch()
    monkeypatch.setattr(release, "version_of", lambda root: "0.1.0")
    monkeypatch.setattr(release, "wrong_with_tree", lambda root, tagged: [])
    monkeypatch.setattr(release, "wrong_with_wheel", lambda wheel: [])
    monkeypatch.setattr(release, "built", lambda into: made)
    monkeypatch.setattr(release, "tried", lambda wheel: None)
    monkeypatch.setattr(release, "run", lambda *words: ran.append(tuple(map(str, words))))
    monkeypatch.setattr("sys.argv", ["release.py"])
    assert release.main() == 0
    assert [words[2:4] for words in ran] == [("twine", "check")]
    assert "Nothing was uploaded" in capsys.readouterr().out
    # And one wheel is not all.
    monkeypatch.setattr("sys.argv", ["release.py", "--upload"])
    assert release.main() == 1
    assert "no wheel for cp314 on macOS arm64" in capsys.readouterr().err
    assert all("upload" not in words for words in ran)
