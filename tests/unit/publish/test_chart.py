"""The chart: a picture of the right size that says what the incident says, and survives hostile input."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from nightside.model.entity import Entity
from nightside.model.errors import UsageError
from nightside.model.incident import Episode, LocalTime, Provenance, View
from nightside.model.instants import parse
from nightside.model.series import IncidentSeries, Lane, UpstreamCourse
from nightside.publish import chart
from nightside.publish.chart_figure import compose as compose_bare
from nightside.publish.chart_lanes import biggest_lanes
from nightside.publish.chart_layout import Shape
from nightside.publish.chart_share import share_line
from nightside.publish.chart_svg import strict_svg
from nightside.publish.chart_time import tick_seconds, utc_labels

Told = dict[str, Any]
Tell = Callable[..., Told]


FIRST = Episode("total", parse("2014-12-22T16:15Z"), parse("2014-12-23T01:46Z"), 0.0, 0)


def png_size(path: Path) -> tuple[int, int]:
    """Width and height as the header says (PNG specification, section 11.2.2)."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert data[12:16] == b"IHDR"
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def texts(figure: Figure) -> list[str]:
    """All that is written in a figure."""
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [t.get_text() for t in (*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels())]
        found.append(axes.get_ylabel())
    found += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return found


def compose(incident: Told, series: IncidentSeries, shape: Shape = "page") -> Figure:
    """The figure as `draw` makes it."""
    with chart.own_settings():
        return compose_bare(incident, series, shape)


def flat(begin: int, end: int, units: int = 4, lanes: list[Lane] | None = None) -> IncidentSeries:
    """Nothing happens."""
    return IncidentSeries(begin, end, [begin], [units], [4], [], lanes or [])


def test_a_png_has_the_right_size_and_its_alt_text_says_when(
    told: Tell, course: IncidentSeries, tmp_path: Path
) -> None:
    alt = chart.draw(told(), course, tmp_path / "kp.png")
    assert png_size(tmp_path / "kp.png") == (1600, 900)
    assert "16:15 UTC on 22 December 2014 (01:15 on the 23rd in Pyongyang, UTC+09:00)" in alt
    assert "01:46 UTC on 23 December 2014 (10:46 in Pyongyang, UTC+09:00)" in alt
    assert "Below, 4 networks as lanes. 1 stretch without sight is hatched." in alt
    assert [p.name for p in tmp_path.iterdir()] == ["kp.png"]


def test_the_figure_tells_what_the_incident_tells(told: Tell, course: IncidentSeries) -> None:
    figure = compose(told(provenance=Provenance([("rrc00/x.gz", "0")], None, "0.1.0", True, None)), course)
    written = texts(figure)
    for expected in (
        "North Korea's Internet is back after a 9-hour 31-minute outage (a reconstruction)",
        "RECONSTRUCTION",
        "Pyongyang\nUTC+09:00",
        "UTC, 2014",
        "9 hours 31 minutes\n16:15 to 01:46 UTC",
        "31 minutes\n15:41 to 16:12 UTC",
        "partial\nbelow 90 %",
        "severe\nbelow 50 %",
        "total at 5 %\nor less",
        "Reachable, % of the baseline\n(4 address blocks)",
        "no sight",
        "175.45.176.0/24",
        "Data: a reconstruction, not a recording, in the archive layout of RIPE NCC RIS. "
        "22 of 23 peer ASes known at the fewest.",
    ):
        assert expected in written
    assert "RECONSTRUCTION" not in texts(compose(told(), course))


def month(course: IncidentSeries) -> IncidentSeries:
    """A month, with more lanes than are drawn."""
    begin, end = FIRST.onset - 86400, FIRST.onset + 30 * 86400
    lanes = [Lane(f"2001:db8:{i:x}::/48", [(begin, end, "up")]) for i in range(300)]
    return replace(course, begin=begin, end=end, times=[begin], units=[4], baseline=[4], lanes=lanes)


def short(course: IncidentSeries) -> IncidentSeries:
    """Half a minute, so that the ticks say seconds."""
    begin, end = FIRST.onset - 10, FIRST.onset + 20
    return replace(course, begin=begin, end=end, times=[begin], units=[4], baseline=[4], lanes=[])


def test_the_view_is_a_panel_of_its_own(told: Tell, course: IncidentSeries) -> None:
    steps = [(course.begin, 23, 23), (course.begin + 3600, 11, 23), (course.begin + 7200, 23, 23)]
    figure = compose(told(), replace(course, view=steps))
    share, lanes, view = figure.axes
    assert "of 23 expected" in texts(figure)
    # The known ASes are an area: its upper edge goes down to 11 of 23 and back.
    heights = {round(y) for y in view.collections[0].get_paths()[0].vertices[:, 1]}
    assert heights == {0, 11, 23}
    assert share.get_xlim() == lanes.get_xlim() == view.get_xlim()
    assert len(compose(told(), replace(course, view=[])).axes) == 2


def carried(course: IncidentSeries) -> IncidentSeries:
    """Two upstreams, of which the second is not known for an hour, others that carry nothing, and a view."""
    begin = course.begin
    return replace(
        course,
        upstreams=[
            UpstreamCourse(4837, "China Unicom", [(begin, 0.75), (FIRST.onset, 0.0)]),
            UpstreamCourse(22351, "Intelsat", [(begin, 0.25), (begin + 3600, None), (begin + 7200, 0.5)]),
            UpstreamCourse(None, None, [(begin, 0.0)]),
        ],
        view=[(begin, 23, 23)],
    )


def test_upstreams_are_rows_as_high_as_their_shares(told: Tell, course: IncidentSeries) -> None:
    figure = compose(told(), carried(course))
    share, _lanes, upstreams, _view = figure.axes
    names = [t.get_text() for t in upstreams.get_yticklabels()]
    assert names == ["AS4837 (China Unicom)", "AS22351 (Intelsat)"]
    first, second = (c.get_paths() for c in upstreams.collections if not c.get_hatch())
    (area,) = first
    height = area.vertices[:, 1].max() - area.vertices[:, 1].min()
    # A row that carries everything is 0.82 high.
    assert height == pytest.approx(0.75 * 0.82)
    # Nothing is drawn where the share is not known.
    assert sorted((p.vertices[:, 0].min(), p.vertices[:, 0].max()) for p in second) == [
        (0, 3600),
        (7200, course.end - course.begin),
    ]
    assert upstreams.get_xlim() == share.get_xlim()
    alt = chart.alt_text(told(), carried(course))
    assert "through each upstream: AS4837 (China Unicom), AS22351 (Intelsat). At the bottom, how many" in alt


def test_a_long_name_is_cut_where_it_stands(told: Tell, course: IncidentSeries) -> None:
    long = [UpstreamCourse(4294967295, "W" * 60, [(course.begin, 1.0)])]
    figure = compose(told(), replace(course, upstreams=long))
    figure.canvas.draw()
    (label,) = figure.axes[2].get_yticklabels()
    assert label.get_text().endswith("…")
    assert label.get_window_extent().x0 >= 0


def test_a_post_is_wide_and_has_fewer_and_larger_words(told: Tell, course: IncidentSeries) -> None:
    series = carried(course)
    page, post = compose(told(), series), compose(told(), series, "post")
    assert (len(page.axes), len(post.axes)) == (4, 1)
    assert 9 * post.get_figwidth() == pytest.approx(16 * post.get_figheight())
    # Both are shown as wide as the reader's column: the larger of two sizes is the one that is more of the width.
    smallest = [min(t.get_fontsize() for t in f.texts) / f.get_figwidth() for f in (page, post)]
    assert smallest[1] > 1.5 * smallest[0]
    written = texts(post)
    for expected in (
        "9 hours 31 minutes\n16:15 to 01:46 UTC",
        "Pyongyang\nUTC+09:00",
        "UTC, 2014",
        "no sight",
    ):
        assert expected in written
    alt = chart.alt_text(told(), series, "post")
    assert "9-hour 31-minute outage" in alt
    assert "lane" not in alt
    assert "upstream" not in alt


def test_a_picture_is_bytes_of_its_kind_and_shape(told: Tell, course: IncidentSeries, tmp_path: Path) -> None:
    sizes: list[tuple[Shape, tuple[int, int]]] = [("page", (1600, 900)), ("post", (1200, 675))]
    for shape, size in sizes:
        (tmp_path / "x.png").write_bytes(chart.picture(told(), course, "png", shape))
        assert png_size(tmp_path / "x.png") == size
        root = ET.fromstring(chart.picture(told(), course, "svg", shape))
        assert (root.get("width"), root.get("height")) == tuple(str(n) for n in size)
        assert root.get("viewBox") == f"0 0 {size[0] * 72 // 100} {size[1] * 72 // 100}"


def test_an_svg_needs_no_style(told: Tell, course: IncidentSeries) -> None:
    incident = told(entity=Entity("country", "XX", 'A "name" style="fill: red" <style>*{}</style>'))
    picture = chart.picture(incident, carried(course), "svg")
    root = ET.fromstring(picture)
    assert not [e for e in root.iter() if e.tag.rpartition("}")[2] in ("style", "script", "image")]
    assert not [e for e in root.iter() if "style" in e.attrib]
    # Okabe and Ito's blue of the line, its vermilion of lanes that are down: what the style said is still said.
    assert {"#0072b2", "#d55e00"} <= {e.get("stroke") or "" for e in root.iter()} | {
        e.get("fill") or "" for e in root.iter()
    }
    assert 'style="fill: red"' in root.findtext("{http://www.w3.org/2000/svg}title", "")


def test_styles_become_attributes_within_tags_only() -> None:
    svg = (
        b'<svg width="1pt" height="2pt"><defs><style type="text/css">*{stroke-linejoin: round}</style></defs>'
        b'<!-- <g style="a: b"> --><path d="M 0 0" style="fill: none; stroke: #fff"/><g/> style="x: y"</svg>'
    )
    assert strict_svg(svg, 10, 20) == (
        b'<svg width="10" height="20" stroke-linejoin="round" stroke-linecap="butt"><defs></defs>'
        b'<!-- <g a="b"> --><path d="M 0 0" fill="none" stroke="#fff"/><g/> style="x: y"</svg>'
    )


def assert_apart(figure: Figure, least: int) -> None:
    """No two texts of a figure stand on each other, and none stands outside."""
    figure.canvas.draw()
    drawn = [*figure.texts, *(t for legend in figure.legends for t in legend.get_texts())]
    for axes in figure.axes:
        drawn += [*axes.texts, *axes.get_yticklabels(), axes.yaxis.label]
        for each in (axes, *axes.child_axes):
            for tick in each.xaxis.get_major_ticks():
                drawn += [t for t in (tick.label1, tick.label2) if t.get_visible()]
    width, height = figure.canvas.get_width_height()
    boxes = [(t.get_text(), t.get_window_extent()) for t in drawn if t.get_text()]
    assert len(boxes) > least
    for i, (first, a) in enumerate(boxes):
        assert a.x0 >= 0, first
        assert a.x1 <= width, first
        assert a.y0 >= 0, first
        assert a.y1 <= height, first
        for second, b in boxes[i + 1 :]:
            apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
            assert apart, f"{first!r} on {second!r}"


@pytest.mark.parametrize(
    "view", [lambda course: course, month, short, carried], ids=["days", "month", "seconds", "upstreams"]
)
def test_no_two_texts_stand_on_each_other(
    told: Tell, course: IncidentSeries, view: Callable[[IncidentSeries], IncidentSeries]
) -> None:
    made_up = Provenance([("rrc00/x.gz", "0")], None, "0.1.0", True, None)
    assert_apart(compose(told(provenance=made_up), view(course)), 30)
    assert_apart(compose(told(provenance=made_up), view(course), "post"), 20)


@pytest.mark.parametrize(("count", "names"), [(0, 0), (1, 1), (10, 10), (11, 11), (300, 11)])
def test_lanes_are_counted(told: Tell, count: int, names: int) -> None:
    begin, end = parse("2014-12-22T00:00Z"), parse("2014-12-23T00:00Z")
    lanes = [Lane(f"10.{i % 256}.{i // 256}.0/24", [(begin, end, "up")]) for i in range(count)]
    labels = [t.get_text() for t in compose(told(), flat(begin, end, lanes=lanes)).axes[1].get_yticklabels()]
    assert len(labels) == names
    if count > 10:
        assert labels[-1] == f"and {count - 10} more"


def test_the_biggest_lanes_are_kept_in_their_order() -> None:
    small = [Lane(f"10.0.{i}.0/24", []) for i in range(20)]
    big = [Lane("172.16.0.0/12", []), Lane("192.168.0.0/16", []), Lane("not a prefix", [])]
    kept = biggest_lanes([big[2], *small[:10], big[0], *small[10:], big[1]], 12)
    assert [lane.prefix for lane in kept] == [
        *(f"10.0.{i}.0/24" for i in range(10)),
        "172.16.0.0/12",
        "192.168.0.0/16",
    ]
    # An IPv6 /32 is the least part of what these lanes hold of IPv6, the /16 is nearly all of IPv4.
    mixed = [Lane("10.0.0.0/16", []), *(Lane(f"2001:{i:x}::/32", []) for i in range(20))]
    assert biggest_lanes(mixed, 12)[0].prefix == "10.0.0.0/16"


def test_nothing_is_drawn_where_nothing_was_seen() -> None:
    series = IncidentSeries(0, 100, [0, 40, 60], [4, 0, 4], [4, 4, 0], [(20, 50, "gap")], [])
    x, y = share_line(series)
    seen = [(a, b) for a, b in zip(x, y, strict=True) if not isnan(b)]
    assert seen == [(0, 1.0), (20, 1.0), (50, 0.0), (60, 0.0)]
    assert any(isnan(v) for v in y[2:4])


def test_blind_stretches_are_hatched_on_both_panels(told: Tell, course: IncidentSeries) -> None:
    for axes in compose(told(), course).axes:
        hatched = [c for c in axes.collections if isinstance(c, PolyCollection) and c.get_hatch()]
        assert len(hatched) == 1
        edges = {x for path in hatched[0].get_paths() for x in path.vertices[:, 0]}
        begin = parse("2014-12-21T00:00Z")
        assert edges == {parse("2014-12-22T08:00Z") - begin, parse("2014-12-22T08:35Z") - begin}


@pytest.mark.parametrize(
    ("begin", "end", "first", "last"),
    [
        ("2014-12-21T00:00Z", "2014-12-24T00:00Z", "00:00\n21 Dec", "00:00\n24 Dec"),
        ("2016-04-06T14:40Z", "2016-04-06T15:20Z", "14:40\n6 Apr", "15:20"),
        ("2011-01-25T00:00Z", "2011-03-01T00:00Z", "26 Jan", "25 Feb"),
        ("2016-04-06T14:40:00Z", "2016-04-06T14:40:30Z", "14:40:00\n6 Apr", "14:41:00"),
    ],
)
def test_ticks_suit_the_span(begin: str, end: str, first: str, last: str) -> None:
    step, ticks = tick_seconds(flat(parse(begin), parse(end)), 13)
    labels = utc_labels(ticks, step)
    assert (labels[0], labels[-1]) == (first, last)
    assert 4 <= len(ticks) <= 13
    assert all(tick % step == 0 for tick in ticks)


def test_a_change_of_the_clocks_is_named(told: Tell) -> None:
    # Lisbon put its clocks forward on 31 March 2013 at 01:00 UTC.
    zone = LocalTime("Europe/Lisbon", None, None)
    series = flat(parse("2013-03-30T20:00Z"), parse("2013-03-31T06:00Z"))
    figure = compose(told(local_time=zone), series)
    assert "Lisbon\nUTC+00:00,\nthen UTC+01:00" in texts(figure)
    top = [t.get_text() for t in figure.axes[0].get_xticklabels()]
    assert top[:7] == ["30 Mar\n20:00", "21:00", "22:00", "23:00", "31 Mar\n00:00", "02:00", "03:00"]


def test_the_same_input_gives_the_same_bytes(told: Tell, course: IncidentSeries, tmp_path: Path) -> None:
    for suffix in (".png", ".svg"):
        first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        chart.draw(told(), course, first)
        with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black"}):
            chart.draw(told(), course, second)
        assert first.read_bytes() == second.read_bytes()


def test_the_settings_of_the_process_stay_as_they_were(
    told: Tell, course: IncidentSeries, tmp_path: Path
) -> None:
    before = dict(matplotlib.rcParams)
    chart.draw(told(), course, tmp_path / "kp.svg")
    assert dict(matplotlib.rcParams) == before


HOSTILE = "<script>alert(1)</script> $\\frac{x}$ \x1b[31m\n‮אבג & --> ]]> " + "long " * 40


def test_hostile_words_are_drawn_as_they_are(told: Tell, course: IncidentSeries, tmp_path: Path) -> None:
    lanes = [Lane(HOSTILE, course.lanes[0].stretches), Lane("$x_1$", []), Lane("漢字", [])]
    incident = told(
        entity=Entity("asn", "1", HOSTILE),
        provenance=Provenance([(HOSTILE, "0")], HOSTILE, "$v$", True, HOSTILE),
        view=View(None, None, [(0, 1, HOSTILE)]),
    )
    series = replace(course, lanes=lanes)
    chart.draw(incident, series, tmp_path / "x.png")
    assert png_size(tmp_path / "x.png") == (1600, 900)
    chart.draw(incident, series, tmp_path / "x.svg")
    root = ET.fromstring((tmp_path / "x.svg").read_bytes())
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "$x_1$" in texts(compose(incident, series))


def test_an_svg_stands_alone(told: Tell, course: IncidentSeries, tmp_path: Path) -> None:
    chart.draw(told(), course, tmp_path / "kp.svg")
    content = (tmp_path / "kp.svg").read_text(encoding="utf-8")
    root = ET.fromstring(content)
    assert (root.get("width"), root.get("height")) == ("1600", "900")
    assert "<!DOCTYPE" not in content
    assert "font-family" not in content
    for element in root.iter():
        for name, value in element.attrib.items():
            assert "://" not in value, (element.tag, name, value)
            if name.endswith("href"):
                assert value.startswith("#")
    assert root.findtext("{http://www.w3.org/2000/svg}title", "").startswith("North Korea's Internet is back")


EPISODE = Episode("total", parse("2016-04-07T14:46Z"), None, 0.0, 0)
CASES = {
    "one sample": IncidentSeries(EPISODE.onset, EPISODE.onset, [EPISODE.onset], [0], [4]),
    "no baseline": IncidentSeries(EPISODE.onset, EPISODE.onset + 60, [EPISODE.onset], [0], [0]),
    "no sample": IncidentSeries(EPISODE.onset, EPISODE.onset + 60, [], [], []),
    "all unknown": IncidentSeries(
        EPISODE.onset,
        EPISODE.onset + 600,
        [EPISODE.onset],
        [0],
        [4],
        [(EPISODE.onset, EPISODE.onset + 600, "")],
    ),
    "far above the baseline": IncidentSeries(EPISODE.onset, EPISODE.onset + 60, [EPISODE.onset], [4000], [4]),
    "years": IncidentSeries(0, 50 * 365 * 86400, [0], [4], [4]),
    "elsewhere": IncidentSeries(0, 60, [0], [4], [4]),
}


@pytest.mark.parametrize("series", CASES.values(), ids=CASES)
def test_odd_series_are_drawn(told: Tell, series: IncidentSeries, tmp_path: Path) -> None:
    incident = told(headline=EPISODE, episodes=[EPISODE], status="ongoing", ended=None, local_time=None)
    chart.draw(incident, series, tmp_path / "odd.png")
    assert png_size(tmp_path / "odd.png") == (1600, 900)
    written = texts(compose(incident, series))
    known = any(b > 0 for b in series.baseline) and not series.unknown
    assert ("The share is not known" in written) == (not known)


def test_other_kinds_of_picture_are_refused(told: Tell, course: IncidentSeries, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.gif"):
        chart.draw(told(), course, tmp_path / "kp.gif")
    assert list(tmp_path.iterdir()) == []


def test_a_chart_that_cannot_be_written_leaves_nothing(
    told: Tell, course: IncidentSeries, tmp_path: Path
) -> None:
    (tmp_path / "kp.png").mkdir()
    with pytest.raises(OSError, match=r"kp\.png"):
        chart.draw(told(), course, tmp_path / "kp.png")
    assert [p.name for p in tmp_path.iterdir()] == ["kp.png"]


def test_words_need_no_matplotlib_and_charts_no_display() -> None:
    code = (
        "import sys, nightside.publish.words; assert 'matplotlib' not in sys.modules; "
        "import nightside.publish.chart; assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = {k: v for k, v in os.environ.items() if k != "DISPLAY"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
