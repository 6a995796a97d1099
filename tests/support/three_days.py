"""The scene of December 2014 cut to its first three days: both long losses, in a third of the time."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from nightside.model.instants import parse
from nightside.scenes.scene import Scene
from nightside.scenes.script import parse_scene

NAME = "december-2014"
END = "2014-12-24T00:00:00Z"


def three_days() -> Scene:
    """The scene of 21 to 23 December."""
    return parse_scene(_script(), name=NAME, where=f"{NAME}.json")


def three_days_script(folder: Path) -> Path:
    """Its script, written to the folder: what `build` and `nightside demo` take in place of a name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.json"
    path.write_text(json.dumps(_script()))
    return path


def _script() -> dict[str, Any]:
    text = (resources.files("nightside.scenes") / "scripts" / f"{NAME}.json").read_text(encoding="utf-8")
    script: dict[str, Any] = json.loads(text)
    end = parse(END)
    script["to"] = END
    script["claims"] = []
    script["expected"] = [one for one in script["expected"] if parse(one["end"]) < end]
    script["happenings"] = [
        one for one in script["happenings"] if parse(one["from"] if "from" in one else one["at"]) < end
    ]
    script["checks"]["losses"] = [one for one in script["checks"]["losses"] if parse(one["from"]) < end]
    return script
