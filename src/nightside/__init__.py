"""Nightside: an open observatory for national Internet outages.

    import nightside

    found = nightside.replay(["archive/"], countries=["KP"])
    found.incidents                      # dicts of the shape nightside.incident/1
    found.signals                        # a pyarrow.Table: entity, second, reachable units, quality
    nightside.elements(["updates.gz"])   # a pyarrow.RecordBatchReader
    nightside.networks("KP", ["rib.gz"]) # a dict of the shape nightside.networks/1

What is heavy is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "elements", "networks", "replay"]

if TYPE_CHECKING:
    from nightside.engine.library import elements as elements
    from nightside.engine.library import networks as networks
    from nightside.engine.library import replay as replay


def __getattr__(name: str) -> Any:
    if name in __all__:
        from nightside.engine import library

        return getattr(library, name)
    raise AttributeError(f"module 'nightside' has no attribute {name!r}")
