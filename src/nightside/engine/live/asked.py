"""What a watch was asked for: which countries, from what on, by whom, and where to tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nightside.engine.inputs import sort_inputs
from nightside.engine.live.light import COLLECTORS as LIGHT_COLLECTORS
from nightside.engine.live.starting import DEFAULT_COLLECTORS
from nightside.model.errors import UsageError
from nightside.sources.archive_paths import is_ris
from nightside.store.location import StoreLocation
from nightside.world.names import require_country

BMP = "bmp"
"""The name of what routers send, among sources."""


@dataclass(frozen=True)
class Asked:
    """Checked: what is named here is there."""

    countries: Sequence[str]
    """ISO codes; all where there are none."""
    paths: Sequence[Path]
    """Tables and updates on disk to start from."""
    collectors: Sequence[str]
    """Of RIS, to be heard; where there are no paths the watch starts from their newest tables."""
    store_folder: StoreLocation | None
    webhook: str | None
    light: bool


def asked(
    countries: Sequence[str],
    sources: Sequence[str],
    *,
    store_folder: StoreLocation | None,
    webhook: str | None,
    light: bool,
) -> Asked:
    """Sort and check the words of the call. Raises UsageError."""
    words = [word for word in sources if word != BMP]
    paths, collectors = sort_inputs(words)
    if missing := [path for path in paths if not path.exists()]:
        raise UsageError(
            "no such file or folder, and no collector's name",
            where=str(missing[0]),
            advice="Give tables and updates on disk, RIS collectors such as rrc00, or bmp.",
        )
    if silent := [name for name in collectors if not is_ris(name)]:
        raise UsageError(
            f"{silent[0]} has no live stream",
            advice="RIS collectors such as rrc00 have one; `nightside replay` reads the archives of the others.",
        )
    if light and BMP in sources:
        raise UsageError("--light hears RIS Live alone", advice="Leave out --light, or --source bmp.")
    if not sources:
        collectors = list(LIGHT_COLLECTORS if light else DEFAULT_COLLECTORS)
    codes = [require_country(code) for code in countries]
    return Asked(codes, paths, collectors, store_folder, webhook, light)
