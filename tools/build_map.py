"""Build the world map that the dashboard draws: src/nightside/web/static/world.json.

What is in it, all in whole units of one plane (x to the right, y downwards):

    width, height       of the plane
    sphere, graticule   the map's edge, and meridians and parallels every 30 degrees, as SVG path data
    land                land that has no country code of its own, as SVG path data
    countries           by ISO 3166-1 alpha-2 (and XK): {"d": SVG path data or "", "at": [x, y], "dot": true?}
                        `at` is where its mark stands; `dot` says that the shape is too small to be seen or hit

From what:

    npm `world-atlas` 2.0.2 (ISC), countries-50m.json: Natural Earth 4.1.0, public domain
    npm `i18n-iso-countries` 7.14.0 (MIT), codes.json: which number is which country
    the package `tzdata`, zone.tab (public domain): where a country without a shape lies

The projection is Equal Earth (Savric, Patterson and Jenny, 2018): areas are true. South of SOUTHEND nothing is
drawn; Antarctica's dot stands at the lower edge. Lines are thinned by Visvalingam and Whyatt's method, each
border once, so neighbours still touch. Borders are Natural Earth's: who governs, not who ought to. Where a part
has a code of its own (French Guiana, Svalbard), it is cut from the country that Natural Earth draws it with;
Northern Cyprus and Somaliland, which have none, are drawn with Cyprus and Somalia, as the registries count.

How to run it (a few seconds), from the root of the checkout:

    npm pack world-atlas@2.0.2 i18n-iso-countries@7.14.0 && for f in *.tgz; do tar xzf $f --one-top-level; done
    python tools/build_map.py world-atlas-2.0.2/package/countries-50m.json \
        i18n-iso-countries-7.14.0/package/codes.json
"""

from __future__ import annotations

import argparse
import heapq
import json
import re
from collections import defaultdict
from importlib.resources import files
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Any

from nightside.world.snapshot import load

OUT = Path(__file__).resolve().parent.parent / "src" / "nightside" / "web" / "static" / "world.json"
WIDTH = 2000
NORTHEND, SOUTHEND = 84.0, -58.0
LEAST_TRIANGLE = 0.9
"""A corner that spans less than this (square units) is left out."""
LEAST_RING = 3.5
"""An island smaller than this (square units) is left out, unless it is its country's largest."""
DOT_BELOW = 45.0
"""A country whose largest part is smaller than this (square units) gets a dot besides."""

NAMED = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO", "Indian Ocean Ter.": "CX"}
"""Natural Earth's areas without a number, and whose code they go by here; others are land without a code."""
CUT = {
    "GF": ("FR", -55, 1, -51, 7),
    "GP": ("FR", -62, 15.7, -60.9, 16.7),
    "MQ": ("FR", -61.4, 14.2, -60.6, 15.1),
    "RE": ("FR", 55, -22, 56.2, -20.5),
    "YT": ("FR", 44.8, -13.3, 45.6, -12.4),
    "SJ": ("NO", -10, 70.5, 40, 82),
    "BQ": ("NL", -70, 11.5, -62, 18),
    "CC": ("CX", 96, -13, 98, -11),
    "TK": ("NZ", -173, -10, -171, -8),
}
"""Parts with codes of their own: (whose shape holds them, west, south, east, north) in degrees."""
UNINHABITED = {"BV": (3.36, -54.42), "HM": (73.5, -53.1)}
"""Longitude and latitude of codes that have no clock, and so no line in zone.tab."""

Point = tuple[float, float]
Ring = list[Point]


def equal_earth(longitude: float, latitude: float) -> Point:
    """A place in degrees on the plane of the projection, before scaling; y upwards."""
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    t = asin(sqrt(3) / 2 * sin(radians(latitude)))
    t2 = t * t
    t6 = t2**3
    x = radians(longitude) * cos(t) / (sqrt(3) / 2 * (a1 + 3 * a2 * t2 + t6 * (7 * a3 + 9 * a4 * t2)))
    return x, t * (a1 + a2 * t2 + t6 * (a3 + a4 * t2))


SCALE = WIDTH / (2 * equal_earth(180, 0)[0])
TOP = equal_earth(0, NORTHEND)[1]
HEIGHT = round((TOP - equal_earth(0, SOUTHEND)[1]) * SCALE)


def place(longitude: float, latitude: float) -> Point:
    """A place in degrees in the units of the map."""
    x, y = equal_earth(longitude, latitude)
    return x * SCALE + WIDTH / 2, (TOP - y) * SCALE


def triangle(a: Point, b: Point, c: Point) -> float:
    """The area between three points."""
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2


def thinned(places: Ring) -> Ring:
    """A line (degrees) without the corners that span the least; both ends stay (Visvalingam and Whyatt, 1993)."""
    line = [place(*point) for point in places]
    before = list(range(-1, len(line) - 1))
    after = list(range(1, len(line) + 1))
    area = [float("inf")] * len(line)
    queue: list[tuple[float, int]] = []
    for i in range(1, len(line) - 1):
        area[i] = triangle(line[i - 1], line[i], line[i + 1])
        queue.append((area[i], i))
    heapq.heapify(queue)
    gone = [False] * len(line)
    while queue:
        size, i = heapq.heappop(queue)
        if gone[i] or size != area[i]:
            continue
        if size >= LEAST_TRIANGLE:
            break
        gone[i] = True
        left, right = before[i], after[i]
        after[left], before[right] = right, left
        for j in (left, right):
            if 0 < j < len(line) - 1:
                # Never smaller than what was taken away already: else a long bend goes corner by corner.
                area[j] = max(size, triangle(line[before[j]], line[j], line[after[j]]))
                heapq.heappush(queue, (area[j], j))
    return [point for point, out in zip(places, gone, strict=True) if not out]


def area_of(ring: Ring) -> float:
    """The area inside a ring."""
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def middle_of(ring: Ring) -> Point:
    """The centroid of a ring; the mean of its corners where it has no area."""
    twice, x, y = 0.0, 0.0, 0.0
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = a[0] * b[1] - b[0] * a[1]
        twice, x, y = twice + cross, x + (a[0] + b[0]) * cross, y + (a[1] + b[1]) * cross
    if abs(twice) < 1e-9:
        return sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring)
    return x / (3 * twice), y / (3 * twice)


def path(lines: list[Ring], *, closed: bool = True) -> str:
    """SVG path data in whole units, relative, without a space too many."""
    out = []
    x = y = 0
    for line in lines:
        corners = [(round(px), round(py)) for px, py in line]
        kept = [c for i, c in enumerate(corners) if i == 0 or c != corners[i - 1]]
        if closed and len(kept) > 1 and kept[0] == kept[-1]:
            kept.pop()
        if len(kept) < (3 if closed else 2):
            continue
        steps = []
        first = kept[0]
        for cx, cy in kept:
            steps.append(f"{cx - x} {cy - y}")
            x, y = cx, cy
        out.append("m" + " ".join(steps) + ("z" if closed else ""))
        if closed:
            x, y = first
    return re.sub(r" -", "-", "".join(out))


def polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    """The polygons of one area, each a list of rings, each a list of arc numbers."""
    if geometry["type"] == "Polygon":
        return [geometry["arcs"]]
    return list(geometry.get("arcs", []))


def lines_of(topology: dict[str, Any]) -> list[Ring]:
    """Every border once, thinned, in degrees; one that goes on behind 180 degrees counts on."""
    (kx, ky), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * kx + tx, y * ky + ty))
        lines.append(thinned(unwrapped(line)))
    return lines


def unwrapped(line: Ring) -> Ring:
    """The line without its leaps from 180 degrees east to 180 degrees west."""
    out, turn = line[:1], 0
    for (last, _), (longitude, latitude) in pairwise(line):
        turn -= round((longitude - last) / 360)
        out.append((longitude + 360 * turn, latitude))
    return out


def east_of(ring: Ring, edge: float, side: int) -> Ring:
    """The part of a ring (degrees) that lies east (side 1) or west (-1) of a meridian."""
    out: Ring = []
    for (x0, y0), (x1, y1) in zip(ring[-1:] + ring[:-1], ring, strict=True):
        if (x0 - edge) * side < 0 < (x1 - edge) * side or (x1 - edge) * side < 0 < (x0 - edge) * side:
            out.append((edge, y0 + (y1 - y0) * (edge - x0) / (x1 - x0)))
        if (x1 - edge) * side >= 0:
            out.append((x1, y1))
    return out


def on_the_map(ring: Ring) -> list[Ring]:
    """A ring in degrees as rings in units of the map: two where it crosses 180 degrees."""
    parts = []
    for turn in (-360, 0, 360):
        shifted = [(x + turn, y) for x, y in ring]
        part = east_of(east_of(shifted, -180, 1), 180, -1)
        if len(part) > 2:
            parts.append([place(*point) for point in part])
    return parts


def joined(lines: list[Ring], numbers: list[int]) -> Ring:
    """One ring from its arcs; a number's complement is the arc from its end (TopoJSON, section 2.1.4)."""
    ring: Ring = []
    for number in numbers:
        line = lines[number] if number >= 0 else lines[~number][::-1]
        ring.extend(line if not ring else line[1:])
    return unwrapped(ring)


def code_for(geometry: dict[str, Any], numbers: dict[str, str], ring: Ring) -> str | None:
    """Whose a polygon is, by its area's number or name, and by where it lies."""
    name = geometry["properties"]["name"]
    owner = numbers.get(geometry.get("id", "")) or NAMED.get(name)
    longitude, latitude = ring[0]
    for code, (whose, west, south, east, north) in CUT.items():
        if owner == whose and west <= longitude <= east and south <= latitude <= north:
            return code
    return owner


def zone_places() -> dict[str, Point]:
    """Longitude and latitude of the first place of each country in zone.tab (ISO 6709 in degrees, minutes)."""
    places: dict[str, Point] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and line[0] != "#":
            code, where = line.split("\t")[:2]
            found = re.fullmatch(r"([+-])(\d\d)(\d\d)(\d\d)?([+-])(\d{3})(\d\d)(\d\d)?", where)
            assert found, where
            north, d, m, s, east, dd, mm, ss = found.groups()
            latitude = (int(d) + int(m) / 60 + int(s or 0) / 3600) * (1 if north == "+" else -1)
            longitude = (int(dd) + int(mm) / 60 + int(ss or 0) / 3600) * (1 if east == "+" else -1)
            places.setdefault(code, (longitude, latitude))
    return places | UNINHABITED


def build(topology: dict[str, Any], numbers: dict[str, str]) -> dict[str, Any]:
    """The whole map."""
    lines = lines_of(topology)
    rings: dict[str | None, list[list[Ring]]] = defaultdict(list)
    for geometry in topology["objects"]["countries"]["geometries"]:
        for polygon in polygons(geometry):
            outer = joined(lines, polygon[0])
            if max(latitude for _, latitude in outer) > SOUTHEND:
                drawn = [part for ring in polygon for part in on_the_map(joined(lines, ring))]
                if drawn:
                    rings[code_for(geometry, numbers, outer)].append(drawn)
    countries: dict[str, Any] = {}
    places = zone_places()
    for code in filter(None, load().codes):
        parts = sorted(rings.pop(code, []), key=lambda rings: -area_of(rings[0]))
        largest = area_of(parts[0][0]) if parts else 0.0
        kept = [
            ring for i, part in enumerate(parts) for ring in part if i == 0 or area_of(ring) >= LEAST_RING
        ]
        if largest >= DOT_BELOW or code not in places:
            at = middle_of(parts[0][0])
        else:
            longitude, latitude = places[code]
            at = place(longitude, max(latitude, SOUTHEND + 1))
        countries[code] = {"d": path(kept), "at": [round(at[0]), round(at[1])]}
        if largest < DOT_BELOW:
            countries[code]["dot"] = True
    land = [
        ring for code in list(rings) for part in rings[code] for ring in part if area_of(ring) >= LEAST_RING
    ]
    meridians = [
        [place(x, y) for y in range(int(SOUTHEND), int(NORTHEND) + 1, 2)] for x in range(-180, 181, 30)
    ]
    parallels = [[place(-180, y), place(180, y)] for y in (-30, 0, 30, 60)]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "sphere": path([meridians[0] + meridians[-1][::-1]]),
        "graticule": path(meridians[1:-1] + parallels, closed=False),
        "land": path(land),
        "countries": countries,
    }


def main() -> None:
    """Read the two packages' files, write the map."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("topology", type=Path, help="countries-50m.json of world-atlas")
    parser.add_argument("codes", type=Path, help="codes.json of i18n-iso-countries")
    asked = parser.parse_args()
    topology = json.loads(asked.topology.read_text(encoding="utf-8"))
    numbers = {row[2]: row[0] for row in json.loads(asked.codes.read_text(encoding="utf-8"))}
    built = build(topology, numbers)
    OUT.write_text(json.dumps(built, separators=(",", ":")) + "\n", encoding="utf-8")
    dots = sum("dot" in country for country in built["countries"].values())
    print(f"{OUT}: {len(built['countries'])} countries, {dots} with a dot, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
