"""Whatever is shipped of others has its licence beside it and stands in NOTICE; what comes along fits ours."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import tomllib
from email.message import Message
from pathlib import Path

import pytest
from ci.licences import Licence, dependencies, licence, licences

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "nightside"
VENDOR = PACKAGE / "web" / "static" / "vendor"
DATA = PACKAGE / "world" / "data"
NOTICE = (ROOT / "NOTICE").read_text(encoding="utf-8")
BUILT = {".so", ".c", ".pyc"}
READABLE = {".py", ".pyx", ".pxd", ".pyi", ".typed", ".css", ".html", ".js", ".json", ".md", ".svg", ".toml"}
LONGEST_LINE = 2_000
"""Characters of a line that a person wrote; what a program has packed has longer ones."""
SHIPPED = sorted(
    path
    for path in PACKAGE.rglob("*")
    if path.is_file() and path.suffix not in BUILT and not path.is_relative_to(VENDOR)
)


def packed(path: Path) -> bool:
    """Whether a file is data, or the packed work of some program, rather than written by hand."""
    if path.name == "py.typed":
        return False
    if path.suffix not in READABLE:
        return True
    return max(map(len, path.read_text(encoding="utf-8").splitlines()), default=0) > LONGEST_LINE


def foreign(path: Path) -> bool:
    """Whether a file says that it is somebody's who is not us."""
    if path.suffix not in READABLE - {".json", ".md", ".toml"}:
        return False
    text = path.read_text(encoding="utf-8")
    return re.search(r"@license|@preserve|\(c\) ?(19|20)\d\d|©|SPDX-License", text, re.IGNORECASE) is not None


@pytest.mark.parametrize("folder", sorted(VENDOR.iterdir()), ids=lambda p: p.name)
def test_what_is_vendored_has_a_licence_and_is_named(folder: Path) -> None:
    if not folder.is_dir():
        assert folder.name == "README.md", "each in a folder of its own, with its licence"
        return
    text = (folder / "LICENSE").read_text(encoding="utf-8")
    assert "copy" in text.lower()
    assert len(text) > 400
    assert folder.name in NOTICE.lower()
    table = (VENDOR / "README.md").read_text(encoding="utf-8")
    for file in folder.iterdir():
        if file.name != "LICENSE":
            # Unchanged since it was taken; NOTICE names the version that it was taken from.
            row = next(line for line in table.splitlines() if f"| {folder.name}/{file.name} |" in line)
            assert hashlib.sha256(file.read_bytes()).hexdigest() in row
            (version,) = re.findall(r"\d+\.\d+\.\d+", row)
            assert f" {version}" in NOTICE


def test_data_of_others_is_named() -> None:
    table = (DATA / "README.md").read_text(encoding="utf-8")
    found = [path for path in SHIPPED if packed(path)]
    assert found
    for path in found:
        assert path.name in NOTICE, path
        assert path.parent != DATA or f"`{path.name}`" in table


def test_nothing_of_others_stands_outside_of_vendor() -> None:
    assert [str(path) for path in SHIPPED if foreign(path)] == []


def test_a_file_of_others_would_be_noticed(tmp_path: Path) -> None:
    for name, text in (
        ("some.min.js", "var a=1;" * 400),
        ("some.css", "/*! (c) 2019 Somebody */"),
        ("some.woff2", "OTTO"),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert packed(path) or foreign(path)
    own = tmp_path / "own.js"
    own.write_text("export const one = 1;\n", encoding="utf-8")
    assert not packed(own)
    assert not foreign(own)


def test_the_wheel_says_all_these_licences_and_has_their_texts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = set(project["license"].split(" AND "))
    in_words = {"Apache-2.0": "Apache", "0BSD": "Zero-Clause BSD", "CC-BY-4.0": "Attribution 4.0"}
    for name in said:
        assert in_words.get(name, name) in NOTICE
    texts = {path for pattern in project["license-files"] for path in ROOT.glob(pattern)}
    assert {ROOT / "LICENSE", ROOT / "NOTICE"} | set(VENDOR.glob("*/LICENSE")) == texts


# -- what comes along ---------------------------------------------------------------------------------


def test_everything_that_comes_along_fits() -> None:
    found = licences()
    assert {"numpy", "pyarrow", "apprise", "fastapi"} <= {one.package for one in found}
    assert [one for one in found if not one.fits] == []


def test_extras_that_are_asked_for_come_along() -> None:
    assert "pygments" in dependencies(["rich"])
    assert "pytest" not in dependencies(["pytest ; python_version < '3'"])


class Said(importlib.metadata.Distribution):
    """A package that says no more than this of itself."""

    def __init__(self, **lines: str) -> None:
        self.lines = Message()
        self.lines["Version"] = "1"
        for name, line in lines.items():
            self.lines[name.replace("_", "-")] = line

    @property
    def metadata(self) -> Message:  # type: ignore[override]
        return self.lines

    def read_text(self, filename: str) -> None:
        return None

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"License_Expression": "MIT OR Apache-2.0"}, ("MIT OR Apache-2.0", True)),
        ({"License_Expression": "MIT AND (GPL-3.0-only OR ISC)"}, ("MIT AND (GPL-3.0-only OR ISC)", False)),
        ({"License_Expression": "AGPL-3.0-or-later"}, ("AGPL-3.0-or-later", False)),
        ({"License": "GPLv3"}, ("GPLv3", False)),
        ({"License": "MIT"}, ("MIT", True)),
        ({"Classifier": "License :: OSI Approved :: ISC License (ISCL)"}, ("ISC", True)),
        ({"License": "long\ntext", "Classifier": "License :: OSI Approved :: BSD License"}, ("BSD", True)),
        ({}, ("not said", None)),
    ],
)
def test_what_a_package_says_of_itself(said: dict[str, str], expected: tuple[str, bool | None]) -> None:
    assert licence("one", Said(**said)) == Licence("one", "1", *expected)
