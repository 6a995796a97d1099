"""Nightside: an open observatory for national Internet outages.

    import nightside

    found = nightside.replay(["archive/"], countries=["KP"])
    found.incidents                      # dicts of the shape nightside.incident/1
    found.signals                        # a pyarrow.Table: entity, second, reachable units, quality

    for element in nightside.elements(["updates.gz"], prefixes=["175.45.176.0/22"], match="more"):
        element.kind, element.time, element.peer_asn, element.path
    nightside.batches(["updates.gz"])    # the same as a pyarrow.RecordBatchReader
    nightside.rib(["archive/"], at="2014-12-22T16:00Z").routes
    nightside.observe(["archive/"], [who_has_a_method_window], every_s=300, countries=["KP"])
    nightside.networks("KP", ["rib.gz"]) # a dict of the shape nightside.networks/1

What is promised of these names: docs/library.md. What is heavy is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nightside.engine.elements import batches as batches
    from nightside.engine.elements import elements as elements
    from nightside.engine.library import Result as Result
    from nightside.engine.library import networks as networks
    from nightside.engine.library import replay as replay
    from nightside.engine.rib import Rib as Rib
    from nightside.engine.rib import rib as rib
    from nightside.engine.windows import Observer as Observer
    from nightside.engine.windows import View as View
    from nightside.engine.windows import observe as observe
    from nightside.model.errors import InputError as InputError
    from nightside.model.errors import NightsideError as NightsideError
    from nightside.model.errors import UsageError as UsageError
    from nightside.model.settings import Settings as Settings
    from nightside.sources.element_loop import Element as Element

_ROOM = {
    "Element": "nightside.sources.element_loop",
    "InputError": "nightside.model.errors",
    "NightsideError": "nightside.model.errors",
    "Observer": "nightside.engine.windows",
    "Result": "nightside.engine.library",
    "Rib": "nightside.engine.rib",
    "Settings": "nightside.model.settings",
    "UsageError": "nightside.model.errors",
    "View": "nightside.engine.windows",
    "batches": "nightside.engine.elements",
    "elements": "nightside.engine.elements",
    "networks": "nightside.engine.library",
    "observe": "nightside.engine.windows",
    "replay": "nightside.engine.library",
    "rib": "nightside.engine.rib",
}
"""Where each public name lives."""
__all__ = ["__version__", *_ROOM]


def __getattr__(name: str) -> Any:
    if name in _ROOM:
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_ROOM[name]), name)
        return found
    raise AttributeError(f"module 'nightside' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM})
