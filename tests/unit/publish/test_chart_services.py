"""Services in the chart: rows on the axis of the routes, as high as what answered, hatched where nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from december_services import ALL, BACK, BEGIN, DOWN, END, FIRST, HALF, NINE, services
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from nightside.model.instants import parse
from nightside.model.series import IncidentSeries, Lane
from nightside.model.services import PlaceCourse, ServiceCourse
from nightside.publish import chart
from nightside.publish.chart_figure import compose as compose_bare
from nightside.publish.chart_layout import PAGE, Shape
from nightside.publish.chart_paint import LANE, UNKNOWN_FACE
from nightside.publish.services_shown import count_of, heard_places, shown_services, stretches

Told = dict[str, Any]
Tell = Callable[..., Told]


def compose(incident: Told, series: IncidentSeries, shape: Shape = "page") -> Figure:
    """The figure as `draw` makes it."""
    with chart.own_settings():
        return compose_bare(incident, series, shape)


def boxes(axes: Axes, colour: str) -> list[tuple[float, float, float, float]]:
    """What is painted in a colour: (left, right) in seconds, (from, to) in rows."""
    found = []
    for painted in axes.collections:
        face: Any = painted.get_facecolor()
        if to_hex(face[0]) == colour.lower():
            for path in painted.get_paths():
                (left, low), (right, high) = path.get_extents().get_points()
                found.append((left, right, low, high))
    return sorted(found)


@pytest.fixture
def served(course: IncidentSeries) -> IncidentSeries:
    """The course of December 2014 with its services."""
    return replace(course, services=services())


def test_the_three_signals_stand_on_one_axis(told: Tell, served: IncidentSeries) -> None:
    share, lanes, panel = compose(told(), served).axes
    assert share.get_xlim() == lanes.get_xlim() == panel.get_xlim() == (0, END - BEGIN)
    # The panel stands below the networks, as wide as they.
    above, below = lanes.get_position(), panel.get_position()
    assert below.y1 < above.y0
    assert (below.x0, below.x1) == (above.x0, above.x1)
    assert [t.get_text() for t in panel.get_yticklabels()] == [
        "name servers (2)",
        "mail servers (1)",
        "sites (6)",
    ]
    assert [t.get_text() for t in panel.texts] == ["share answering\n3 places"]


def test_silence_is_where_it_was_and_a_part_of_a_row_is_the_share(told: Tell, served: IncidentSeries) -> None:
    panel = compose(told(), served).axes[2]
    assert [(left, right) for left, right, _, _ in boxes(panel, LANE["down"])] == [
        (DOWN - BEGIN, BACK - BEGIN),
        (DOWN - BEGIN, BACK - BEGIN),
        (DOWN - BEGIN, NINE - BEGIN),
    ]
    whole = boxes(panel, LANE["down"])[0]
    height = whole[3] - whole[2]
    sites = [box for box in boxes(panel, LANE["up"]) if box[0] in (FIRST - BEGIN, HALF - BEGIN)]
    assert [(left, right) for left, right, _, _ in sites] == [
        (FIRST - BEGIN, HALF - BEGIN),
        (HALF - BEGIN, NINE - BEGIN),
    ]
    # One of six, then three of six answered; both stand on the foot of their row.
    assert [high - low for _, _, low, high in sites] == pytest.approx([height / 6, height / 2])
    assert {round(high, 9) for _, _, _, high in sites} == {round(2 + height / 2, 9)}


def test_what_nobody_knows_is_hatched_and_never_down(told: Tell, served: IncidentSeries) -> None:
    blind = services(
        services=[ServiceCourse("service", "sites", [(DOWN, 0, 0, 6), (FIRST, 3, 3, 0), (NINE, 0, 0, 6)])]
    )
    figure = compose(told(), replace(served, services=blind))
    panel = figure.axes[2]
    assert [(left, right) for left, right, _, _ in boxes(panel, LANE["down"])] == [
        (FIRST - BEGIN, NINE - BEGIN)
    ]
    # Before the first result and where no place can speak nothing is known.
    assert [(left, right) for left, right, _, _ in boxes(panel, UNKNOWN_FACE)] == [
        (0, FIRST - BEGIN),
        (NINE - BEGIN, END - BEGIN),
    ]
    assert "no sight" in [t.get_text() for t in figure.legends[0].get_texts()]


def test_a_colour_has_one_place_in_the_key(told: Tell, served: IncidentSeries) -> None:
    key = [t.get_text() for t in compose(told(), served).legends[0].get_texts()]
    assert [k for k in key if "answering" in k] == [
        "network up, or answering",
        "network down, or not answering",
    ]
    assert "network up" not in key
    alone = [t.get_text() for t in compose(told(), replace(served, lanes=[])).legends[0].get_texts()]
    assert [k for k in alone if "answering" in k] == ["answering", "not answering"]
    without = [t.get_text() for t in compose(told(), replace(served, services=None)).legends[0].get_texts()]
    assert "network up" in without


def test_what_is_made_up_says_so_beside_the_rows_and_in_words(told: Tell, served: IncidentSeries) -> None:
    made_up = replace(served, services=services(reconstruction=True))
    assert compose(told(), made_up).axes[2].texts[0].get_text().endswith("\nreconstruction")
    assert "What answered is reconstructed, not measured." in chart.alt_text(told(), made_up)
    assert "reconstructed" not in chart.alt_text(told(), served)


def test_the_words_for_those_who_cannot_see_name_the_services(told: Tell, served: IncidentSeries) -> None:
    alt = chart.alt_text(told(), served)
    assert (
        "Then the share of each service that answered, seen from 3 places: "
        "name servers (2), mail servers (1), sites (6)." in alt
    )
    one = services(
        places=[PlaceCourse("Osaka", 600, [(BEGIN, "healthy")]), PlaceCourse("x", 0, [(BEGIN, "unheard")])]
    )
    assert "seen from one place" in chart.alt_text(told(), replace(served, services=one))


def test_a_post_has_no_room_for_services(told: Tell, served: IncidentSeries) -> None:
    assert len(compose(told(), served, "post").axes) == len(
        compose(told(), replace(served, services=None), "post").axes
    )
    assert "answered" not in chart.alt_text(told(), served, "post")


def test_the_share_stays_readable_where_everything_is_drawn(told: Tell, served: IncidentSeries) -> None:
    lanes = [Lane(f"175.45.{i}.0/24", [(BEGIN, END, "up")]) for i in range(60)]
    four = services(
        services=[
            ServiceCourse("service", name, [(BEGIN, 1, 1, 0)]) for name in ("path", "sites", "names", "mail")
        ]
    )
    figure = compose(told(), replace(served, lanes=lanes, view=[(BEGIN, 23, 23)], services=four))
    share, drawn, panel, _view = figure.axes
    assert share.get_position().height * PAGE.height_px > 180
    assert len(drawn.get_yticklabels()) == 7
    rows = [t.get_text().partition(" (")[0] for t in panel.get_yticklabels()]
    assert rows == ["name servers", "mail servers", "sites", "hosts on the path"]
    assert "Below, the 6 biggest of 60 networks" in chart.alt_text(
        told(), replace(served, lanes=lanes, services=four)
    )


def test_no_panel_where_nobody_checked_anything(told: Tell, served: IncidentSeries) -> None:
    assert len(compose(told(), replace(served, services=services(services=[], parts=[]))).axes) == 2


def test_a_svg_with_services_is_the_same_each_time(told: Tell, served: IncidentSeries) -> None:
    assert chart.picture(told(), served, "svg") == chart.picture(told(), served, "svg")


def test_a_name_server_counts_once_whatever_the_transport() -> None:
    assert [count_of(services(), name) for name in ("names", "mail", "sites", "path")] == [2, 1, 6, 0]


def test_who_was_never_heard_is_no_place_of_it() -> None:
    quiet = [PlaceCourse("a", 60, [(BEGIN, "unheard")]), PlaceCourse("b", 60, [(BEGIN, "lost")])]
    assert heard_places(services(places=quiet)) == ["b"]


def test_stretches_have_no_holes_and_join_what_is_the_same() -> None:
    sites = shown_services(services())[2]
    assert stretches(sites, BEGIN - 60, END) == [
        (BEGIN - 60, BEGIN, None),
        (BEGIN, DOWN, 1.0),
        (DOWN, FIRST, 0.0),
        (FIRST, HALF, 1 / 6),
        (HALF, NINE, 0.5),
        (NINE, END, 1.0),
    ]
    # Within a window the step before it holds.
    assert stretches(sites, DOWN + 60, DOWN + 120) == [(DOWN + 60, DOWN + 120, 0.0)]
    assert stretches(ServiceCourse("service", "mail", []), 0, 60) == [(0, 60, None)]
    same = ServiceCourse("service", "mail", [(0, 1, 1, 0), (20, 2, 2, 0)])
    assert stretches(same, 0, 60) == [(0, 60, 0.5)]
    assert parse("2014-12-23T02:40Z") == ALL
