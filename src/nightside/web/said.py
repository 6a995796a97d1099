"""What others said of the incidents that a page lists."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from nightside.publish.report import said_of
from nightside.store.protocol import Store
from nightside.web.house import House


async def said(house: House, ids: Sequence[str]) -> Markup:
    """Tables of the reports of these incidents, in their order; empty where nothing was said of any."""

    def ask(store: Store) -> Markup:
        found = (store.incident(id) for id in ids if store.reports(id))
        return said_of([incident for incident in found if incident is not None])

    return await house.quick.run(ask)
