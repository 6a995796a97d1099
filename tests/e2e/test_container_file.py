"""The container file is one, with the habits that hadolint asks for; the parts of a cluster can be started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer.main
import yaml

from nightside.cli.commands import app

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


def test_the_cluster_is_made_of_programs_that_take_these_words() -> None:
    """Nothing here can run containers: each service's words are read by the program that it would start."""
    cluster = yaml.safe_load((CONTAINER.parent / "cluster.yaml").read_text())
    services = cluster["services"]
    assert set(services) == {"db", "scheduler", "worker", "ask", "serve"}
    assert set(cluster["volumes"]) == {"database", "segments", "cache"}
    for name in ("scheduler", "worker"):
        program, part = services[name]["entrypoint"]
        told = subprocess.run(
            [Path(sys.executable).with_name(program), part, "--help"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        assert all(word in told for word in services[name]["command"] if word.startswith("--"))
    for name in ("ask", "serve"):
        command, *words = services[name]["command"]
        found: Any = typer.main.get_command(app)
        found.commands[command].make_context(command, words)
    # What all of ours have in common is one piece, and the container's own stays as it is without it.
    assert services["worker"]["environment"] == services["serve"]["environment"]
    assert services["worker"]["build"]["args"] == {"EXTRAS": "[all]"}
    assert "ARG EXTRAS=\n" in CONTAINER.read_text()
