"""The two shapes of a chart: a page with every panel, and a post with fewer and larger ones. Places in pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from nightside.model.series import IncidentSeries
from nightside.publish import chart_paint as paint
from nightside.publish.services_shown import shown_services

Shape = Literal["page", "post"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand, counted from the lower left, and how large they are. Both shapes are 16:9."""

    width_px: int
    height_px: int
    margin: int
    left: int
    right: int
    """Where the panels begin and end."""
    bottom: int
    """The lower edge of the lowest panel."""
    gap: int
    title_y: int
    title_pt: float
    title_characters: int
    """Of one line of the headline, where it may have several."""
    title_line_px: int
    detail_px: int
    """From the last line of the headline to the first of the detail."""
    detail_pt: float
    detail_characters: int
    """Of one line; the last few make the type a little smaller."""
    detail_line_px: int
    stamp_pt: float
    small_pt: float
    clocks_px: int
    """What the clocks of the place need above the upper panel."""
    legend_y: int
    foot_y: int
    second_foot_y: int
    """0 where there is no second line: a post says in its text what it is about."""
    most_lanes: int
    """0 where lanes are not drawn."""
    lanes_px: int
    """As much as the lanes may take together."""
    lane_px: tuple[int, int]
    """Height of a lane, at the least and at the most."""
    upstream_px: int
    """Height of an upstream's row; 0 where upstreams are not drawn."""
    service_px: int
    """Height of a service's row; 0 where services are not drawn."""
    view_px: int
    """Height of the view's panel; 0 where it is not drawn."""
    most_ticks: int
    most_labels: int
    wordy: bool
    """Whether it tells of the baseline, of the thresholds, and of how many peers could see."""


PAGE = Layout(
    width_px=paint.WIDTH_PX,
    height_px=paint.HEIGHT_PX,
    margin=36,
    left=215,
    right=1470,
    bottom=122,
    gap=14,
    title_y=868,
    title_pt=paint.TITLE_PT,
    title_characters=1000,
    title_line_px=0,
    detail_px=38,
    detail_pt=paint.DETAIL_PT,
    detail_characters=175,
    detail_line_px=24,
    stamp_pt=15,
    small_pt=paint.SMALL_PT,
    clocks_px=46,
    legend_y=66,
    foot_y=38,
    second_foot_y=16,
    most_lanes=10,
    lanes_px=200,
    lane_px=(18, 36),
    upstream_px=24,
    service_px=24,
    view_px=40,
    most_ticks=13,
    most_labels=6,
    wordy=True,
)
POST = Layout(
    width_px=1200,
    height_px=675,
    margin=30,
    left=160,
    right=1150,
    bottom=134,
    gap=14,
    title_y=638,
    title_pt=23,
    title_characters=62,
    title_line_px=40,
    detail_px=38,
    detail_pt=14,
    detail_characters=105,
    detail_line_px=25,
    stamp_pt=14,
    small_pt=14,
    clocks_px=60,
    legend_y=58,
    foot_y=22,
    second_foot_y=0,
    most_lanes=0,
    lanes_px=0,
    lane_px=(0, 0),
    upstream_px=0,
    service_px=0,
    view_px=0,
    most_ticks=7,
    most_labels=1,
    wordy=False,
)
LAYOUTS: dict[Shape, Layout] = {"page": PAGE, "post": POST}
PAGE_WITH_SERVICES = replace(PAGE, most_lanes=6, lanes_px=120, upstream_px=20)
"""The other panels give up some room, so that the share stays readable where services stand below it."""


def layout_of(series: IncidentSeries, shape: Shape) -> Layout:
    """The layout for what there is to show."""
    if shape == "page" and shown_services(series.services):
        return PAGE_WITH_SERVICES
    return LAYOUTS[shape]
