"""What was given as input: paths, and collectors by their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nightside.sources.archive_paths import is_collector


def sort_inputs(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """(paths, collectors). What is here is a path, whatever it is called."""
    paths, collectors = [], []
    for word in words:
        if is_collector(word) and not Path(word).exists():
            collectors.append(word)
        else:
            paths.append(Path(word))
    return paths, list(dict.fromkeys(collectors))
