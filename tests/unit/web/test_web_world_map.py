"""The map's file: every country of the registries is on it, and where it belongs."""

from __future__ import annotations

import json
import math
import re
from importlib.resources import files
from typing import Any

import pytest

from nightside.world.snapshot import load

Point = tuple[float, float]

CAPITALS = {
    "KP": (125.75, 39.02), "SY": (36.29, 33.51), "FR": (2.35, 48.86), "US": (-77.04, 38.90),
    "RU": (37.62, 55.75), "BR": (-47.93, -15.78), "AU": (149.13, -35.28), "ZA": (28.19, -25.75),
    "NZ": (175.3, -39.5), "CN": (116.4, 39.9), "GL": (-40.0, 72.0), "GF": (-53.0, 4.0),
    "XK": (20.9, 42.6), "LS": (28.2, -29.6), "SJ": (16.9, 79.3),
}  # fmt: skip
"""Longitude and latitude of a place inside, off any atlas."""
CHUKOTKA = (-175.0, 66.5)
"""Russia behind 180 degrees."""


def on_map(longitude: float, latitude: float, world: Any) -> Point:
    """Equal Earth by its definition (Savric and others 2018, equations 1 and 2), written anew here."""
    a = (1.340264, -0.081106, 0.000893, 0.003796)
    theta = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))

    def y(t: float) -> float:
        return a[0] * t + a[1] * t**3 + a[2] * t**7 + a[3] * t**9

    slope = a[0] + 3 * a[1] * theta**2 + 7 * a[2] * theta**6 + 9 * a[3] * theta**8
    x = 2 * math.sqrt(3) * math.radians(longitude) * math.cos(theta) / (3 * slope)
    scale = world["width"] / 2 / (2 * math.sqrt(3) * math.pi / (3 * a[0]))
    north = y(math.asin(math.sqrt(3) / 2 * math.sin(math.radians(84))))
    return world["width"] / 2 + scale * x, scale * (north - y(theta))


def rings(path: str) -> list[list[Point]]:
    """The rings of SVG path data that consists of relative moves alone."""
    found, x, y = [], 0, 0
    for part in re.findall(r"m([^mz]*)z", path):
        numbers = [int(n) for n in re.findall(r"-?\d+", part)]
        ring = []
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            ring.append((float(x), float(y)))
        x, y = int(ring[0][0]), int(ring[0][1])
        found.append(ring)
    return found


def inside(point: Point, path: str) -> bool:
    """Even-odd, as the page fills."""
    x, y = point
    odd = False
    for ring in rings(path):
        for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y0 > y) != (y1 > y) and x < x0 + (x1 - x0) * (y - y0) / (y1 - y0):
                odd = not odd
    return odd


@pytest.fixture(scope="module")
def world() -> Any:
    return json.loads((files("nightside.web") / "static" / "world.json").read_text(encoding="utf-8"))


def test_every_country_of_the_snapshot_has_a_shape_or_a_dot(world: Any) -> None:
    assert set(world["countries"]) == {code for code in load().codes if code}
    for code, shape in world["countries"].items():
        assert shape["d"] or shape.get("dot"), code
        x, y = shape["at"]
        assert 0 <= x <= world["width"], code
        assert 0 <= y <= world["height"], code


@pytest.mark.parametrize("code", CAPITALS)
def test_a_place_lies_in_its_country_and_in_no_other(world: Any, code: str) -> None:
    point = on_map(*CAPITALS[code], world)
    assert [c for c, shape in world["countries"].items() if inside(point, shape["d"])] == [code]


def test_russia_goes_on_behind_the_date_line_and_nothing_runs_across_the_map(world: Any) -> None:
    assert inside(on_map(*CHUKOTKA, world), world["countries"]["RU"]["d"])
    for code, shape in world["countries"].items():
        for ring in rings(shape["d"]):
            steps = zip(ring, ring[1:] + ring[:1], strict=True)
            assert max(math.dist(a, b) for a, b in steps) < world["width"] / 8, code


def test_areas_are_true(world: Any) -> None:
    def area(code: str) -> float:
        total = 0.0
        for ring in rings(world["countries"][code]["d"]):
            pairs = zip(ring, ring[1:] + ring[:1], strict=True)
            total += abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2
        return total

    # Square kilometres by the CIA World Factbook: 2,166,086 (Greenland), 2,381,741 (Algeria).
    assert area("GL") / area("DZ") == pytest.approx(2_166_086 / 2_381_741, rel=0.05)


def test_dots_stand_where_their_places_are(world: Any) -> None:
    # Singapore, Malta, Tuvalu (Funafuti), Bermuda.
    for code, place in {
        "SG": (103.85, 1.29),
        "MT": (14.5, 35.9),
        "TV": (179.2, -8.5),
        "BM": (-64.8, 32.3),
    }.items():
        assert world["countries"][code]["dot"] is True
        assert math.dist(world["countries"][code]["at"], on_map(*place, world)) < 4
