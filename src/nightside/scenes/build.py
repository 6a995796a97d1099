"""Building a scene: from a script to a folder that is an archive like any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nightside.model.errors import UnreadableError, UsageError
from nightside.model.ndjson import dumps
from nightside.scenes.archive import file_count, files
from nightside.scenes.checks import results
from nightside.scenes.mrt_writer import Tally
from nightside.scenes.scene import Expected, Scene
from nightside.scenes.script import list_scenes, read_scene
from nightside.scenes.timeline import timeline

__all__ = ["Built", "build", "file_count", "list_scenes", "read_scene", "write_archive"]


@dataclass(frozen=True, slots=True)
class Built:
    """A written scene: where it is, what a replay has to find in it, and what was written."""

    scene: Scene
    folder: Path
    expected: tuple[Expected, ...]
    files: int
    written: Tally


def build(name_or_path: str | Path, folder: Path, *, progress: Callable[[int], None] | None = None) -> Built:
    """Write the scene of that name (or script file) to an empty or new folder.

    `progress` is called with the number of files written since its last call; there are
    `file_count(read_scene(name_or_path))` of them. Raises UsageError where the folder holds something, and
    the errors of `read_scene`.
    """
    return write_archive(read_scene(name_or_path), folder, progress=progress)


def write_archive(scene: Scene, folder: Path, *, progress: Callable[[int], None] | None = None) -> Built:
    """Write a scene's archive, with the `nightside.json` that marks all its results."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            advice = "Name a new or an empty one."
            raise UsageError("the folder is not empty", where=str(folder), advice=advice)
    except OSError as error:
        raise UnreadableError(f"cannot be used as a folder: {error.strerror}", where=str(folder)) from None
    tally = Tally()
    # The mark first: an archive that was cut off is a reconstruction too.
    mark = {"reconstruction": True, "note": scene.note}
    _write(folder / "nightside.json", (json.dumps(mark, indent=2, ensure_ascii=False) + "\n").encode())
    count = 0
    for name, content in files(scene, timeline(scene), tally):
        _write(folder / name, content)
        count += 1
        if progress is not None:
            progress(1)
    if scene.checks is not None:
        lines = (dumps(result.to_json()) + "\n" for result in results(scene, scene.checks))
        _write(folder / "checks" / "made-up.ndjson", "".join(lines).encode())
    return Built(scene, folder, scene.expected, count, tally)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    unfinished.replace(path)
