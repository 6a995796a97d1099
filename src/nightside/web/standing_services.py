"""What a country's page says of services: how many answer at its newest moment, and what that says beside routes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nightside.model.services import Services
from nightside.publish.moments import Clock
from nightside.publish.services_standing import how_many, newest_findings, state_words
from nightside.publish.services_words import caveats
from nightside.store.protocol import Store
from nightside.web.house import House

DAY_S = 86_400
WINDOW_S = 7 * DAY_S
"""No more of a longer window is looked at."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Services in words."""

    words: str
    text: str
    findings: list[str]
    """The newest first."""
    caveats: list[str]
    checked: bool = True


NOT_LATELY = Standing("Services: not known", "Nobody checked any of late.", [], [])
NOT_CHECKED = Standing(
    "Services not checked", "Routes up does not mean that sites answer.", [], [], checked=False
)


async def standing_services(
    house: House, code: str, window: tuple[int, int], last_s: int, zone: str | None
) -> Standing:
    """Of a country: how many answer at the newest moment, `last_s`, and what services said within the window shown."""
    end = window[1]
    shown, number = (max(window[0], end - WINDOW_S), end), house.latest.number
    newest = shown if last_s == end else (last_s - DAY_S, last_s)

    def ask(store: Store) -> tuple[bool, Services | None, Services | None]:
        now, then = (house.answering.of(store, number, code, *span) for span in (newest, shown))
        return house.answering.checked(store, number, code), now, then

    checked, now, then = await house.slow.run(ask)
    if not checked:
        return NOT_CHECKED
    clock = Clock(zone, zone.rsplit("/", 1)[-1].replace("_", " ")) if zone else Clock(None, "")
    found = newest_findings(clock, then) if then else []
    weak = caveats(then) if then else []
    if now is None or not now.services:
        return replace(NOT_LATELY, findings=found, caveats=weak)
    return Standing(state_words(now), how_many(now), found, weak)
