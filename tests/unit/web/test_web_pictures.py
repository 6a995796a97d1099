"""Charts as pictures: drawn once for as long as nothing changes."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import pytest
from starlette.testclient import TestClient
from web_store import KP_ID

from nightside.web import pictures
from nightside.web.answers import Body, body_of
from nightside.web.app import create_app
from nightside.web.kept import Kept

CHART = f"/api/1/incidents/{KP_ID}/chart"


def test_a_chart_as_png_and_svg(client: TestClient) -> None:
    png = client.get(f"{CHART}.png")
    assert png.headers["content-type"] == "image/png"
    height, width = matplotlib.image.imread(io.BytesIO(png.content), format="png").shape[:2]
    assert width > height > 400
    svg = client.get(f"{CHART}.svg")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert ElementTree.fromstring(svg.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<script" not in svg.content


def test_a_chart_for_a_post_is_16_to_9(client: TestClient) -> None:
    picture = client.get(f"{CHART}.png?shape=post").content
    height, width = matplotlib.image.imread(io.BytesIO(picture), format="png").shape[:2]
    assert width / height == pytest.approx(16 / 9, rel=0.01)


def test_it_is_drawn_once(web_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def draw(incident: dict[str, object], _series: object, kind: str, shape: str) -> bytes:
        drawn.append((incident["id"], kind, shape))
        return b"picture"

    monkeypatch.setattr(pictures, "picture", draw)
    with TestClient(create_app(web_store)) as client:
        for _ in range(3):
            assert client.get(f"{CHART}.png").content == b"picture"
        tag = client.get(f"{CHART}.svg").headers["etag"]
        assert client.get(f"{CHART}.svg", headers={"If-None-Match": tag}).status_code == 304
    assert drawn == [(KP_ID, "png", "page"), (KP_ID, "svg", "page")]


@pytest.mark.parametrize("path", ["/api/1/incidents/KP-19000101T0000Z/chart.png", f"{CHART}.gif"])
def test_what_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.get(f"{CHART}.png?shape=round").status_code == 400


def test_many_who_ask_at_once_wait_for_one() -> None:
    made = []

    async def make() -> Body:
        made.append(1)
        await asyncio.sleep(0.01)
        return body_of(b"x")

    async def ask() -> list[Body]:
        kept = Kept()
        return await asyncio.gather(*(kept.get("key", make) for _ in range(5)))

    assert {body.plain for body in asyncio.run(ask())} == {b"x"}
    assert len(made) == 1


def test_what_fails_is_not_kept_and_what_is_old_goes_first() -> None:
    made: list[str] = []

    async def run() -> None:
        kept = Kept(most_bytes=25)

        async def get(key: str, size: int) -> None:
            async def make() -> Body:
                made.append(key)
                if size < 0:
                    raise OSError(key)
                return body_of(b"x" * size)

            await kept.get(key, make)

        for _ in range(2):
            with pytest.raises(OSError, match="bad"):
                await get("bad", -1)
        await get("a", 10)
        await get("b", 10)
        await get("a", 10)
        await get("c", 10)  # now b goes
        await get("a", 10)
        await get("b", 10)
        for _ in range(2):
            await get("huge", 100)

    asyncio.run(run())
    assert made == ["bad", "bad", "a", "b", "c", "b", "huge", "huge"]
