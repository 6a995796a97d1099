"""What is wrong with a store, and how it is put right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nightside.model.store_care import StoreFinding
from nightside.store.catalogue import Connection


@dataclass(frozen=True)
class Case:
    """A finding, and its repair."""

    finding: StoreFinding
    repair: Callable[[Connection], bool] | None = None
    """Run within a transaction; False where the store is another by now, and the finding may not hold any more."""
