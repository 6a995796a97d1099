"""`nightside demo NAME` of a shipped scene, run once for all tests that look at what it left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from made_once import made_once


def story_demo(factory: pytest.TempPathFactory, nightside: Callable[..., Any], name: str) -> tuple[Path, str]:
    """(its store, what it printed), of a process of its own. Nobody may write into the store."""

    def run(folder: Path) -> None:
        (folder / "tmp").mkdir()
        ran = nightside(
            "demo", name, "--no-serve", "--store", folder / "store", env={"TMPDIR": str(folder / "tmp")}
        )
        (folder / "ran.json").write_text(json.dumps(asdict(ran)))

    folder = made_once(factory, f"demo-{name}", run)
    ran = json.loads((folder / "ran.json").read_text())
    assert ran["code"] == 0, ran["err"]
    return folder / "store", ran["out"]
