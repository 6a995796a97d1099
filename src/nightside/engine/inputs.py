"""What was given as input: paths, collectors by their names, and countries for RIPEstat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nightside.model.errors import UsageError
from nightside.sources.archive_paths import is_collector
from nightside.world.names import require_country

RIPESTAT = "ripestat:"


def sort_inputs(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """(paths, collectors). What is here is a path, whatever it is called."""
    paths, collectors = [], []
    for word in words:
        if is_collector(word) and not Path(word).exists():
            collectors.append(word)
        else:
            paths.append(Path(word))
    return paths, list(dict.fromkeys(collectors))


def ripestat_countries(words: Sequence[str]) -> list[str]:
    """The countries of `ripestat:CC`, each once; nothing where RIPEstat is not asked.

    Raises UsageError where one is no country, and where there is other input beside: one peer must not be told of
    twice.
    """
    asked = [word for word in words if word.lower().startswith(RIPESTAT) and not Path(word).exists()]
    if asked and len(asked) < len(words):
        other = next(word for word in words if word not in asked)
        raise UsageError(
            f"{asked[0]} and {other} cannot be replayed together",
            advice="RIPEstat tells of the same collectors: ask for it alone.",
        )
    return list(dict.fromkeys(require_country(word[len(RIPESTAT) :]) for word in asked))
