"""The container file is one, and has the habits that hadolint asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CONTAINER = Path(__file__).resolve().parents[2] / "packaging" / "container" / "Containerfile"


def linted(path: Path) -> list[str]:
    """What hadolint has to say of a container file, by its rules' names."""
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [program, "--no-color", "--format", "json", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return [found["code"] for found in json.loads(done.stdout)]


def test_the_container_file_is_one_and_as_hadolint_wants_it(tmp_path: Path) -> None:
    # Nothing here can build it: its syntax and its habits are all that can be looked at.
    assert linted(CONTAINER) == []
    broken = tmp_path / "Containerfile"
    broken.write_text(CONTAINER.read_text().replace("FROM ${BASE} AS build", "FROM python:latest AS build"))
    assert linted(broken) == ["DL3007"]
    broken.write_text(CONTAINER.read_text().replace("USER 10001:10001", "USED 10001:10001"))
    assert linted(broken) == ["DL1000"]
