"""A real Prometheus scrapes a real server, and every question of the dashboard has an answer there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import promql_parser
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from grafana_foundation_sdk.models.prometheus import Dataquery
from prometheus_server import Prometheus, prometheus, why_no_prometheus
from served_process import nightside_serve

ROOT = Path(__file__).resolve().parent.parent.parent
BOARD = ROOT / "packaging" / "grafana" / "nightside.json"
JOB = "nightside-serve"

needs_prometheus = pytest.mark.skipif(why_no_prometheus() is not None, reason=str(why_no_prometheus()))


@pytest.fixture(scope="module")
def board() -> dict[str, Any]:
    """The dashboard."""
    found: dict[str, Any] = json.loads(BOARD.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def scraped(demo: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Prometheus]]:
    """(the server's address, the Prometheus that scrapes it)."""
    with nightside_serve(demo.store) as address:
        folder = tmp_path_factory.mktemp("prometheus")
        with prometheus(folder, urlsplit(address).netloc, JOB) as found:
            found.until('rate(nightside_requests_total{route="/metrics"}[1m]) > 0')
            yield address, found


def questions(board: dict[str, Any]) -> list[tuple[str, str]]:
    """(panel, question) of every target, with the variables as somebody may choose them."""
    given = {"$job": JOB, "$code": "KP|SY", "$__rate_interval": "1m"}
    found = []
    for panel in board["panels"]:
        for target in panel["targets"]:
            question = target["expr"]
            for name, value in given.items():
                question = question.replace(name, value)
            found.append((panel["title"], question))
    return found


@needs_prometheus
def test_every_question_of_the_dashboard_has_an_answer(
    board: dict[str, Any], scraped: tuple[str, Prometheus]
) -> None:
    _, server = scraped
    asked = questions(board)
    assert len(asked) >= 12
    assert [(title, question) for title, question in asked if not server.ask(question)] == []


@needs_prometheus
def test_every_variable_has_values(board: dict[str, Any], scraped: tuple[str, Prometheus]) -> None:
    _, server = scraped
    wanted = [v["query"]["query"] for v in board["templating"]["list"] if v["type"] == "query"]
    assert len(wanted) == 2
    for definition in wanted:
        name, label = re.fullmatch(r"label_values\((.*), (\w+)\)", definition).groups()  # type: ignore[union-attr]
        found = server.ask(name.replace("$job", JOB))
        assert found
        assert all(one["metric"][label] for one in found)


@needs_prometheus
def test_what_it_scrapes_is_what_our_api_says(scraped: tuple[str, Prometheus]) -> None:
    address, server = scraped
    states = httpx2.get(f"{address}api/1/entities").json()["items"]
    told = {
        one["metric"]["code"]: float(one["value"][1]) for one in server.ask('nightside_units{type="country"}')
    }
    own = {
        s["entity"]["code"]: s["units"]
        for s in states
        if s["entity"]["type"] == "country" and s["units"] is not None
    }
    assert told == own
    assert told


@needs_prometheus
def test_prometheus_finds_no_fault_with_the_figures(scraped: tuple[str, Prometheus]) -> None:
    text = httpx2.get(f"{scraped[0]}metrics").content
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    # Prometheus' own process figures are its client library's.
    ours = [line for line in (checked.stdout + checked.stderr).decode().splitlines() if "nightside_" in line]
    assert ours == []
    assert checked.returncode in (0, 3)


def lost(written: Any, read: Any, place: str = "") -> Iterator[str]:
    """Where what is written is not what was read of it."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            yield from lost(value, read[key], f"{place}/{key}") if key in read else [f"{place}/{key}"]
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for at, (one, other) in enumerate(zip(written, read, strict=True)):
            yield from lost(one, other, f"{place}/{at}")
    elif written != read:
        yield f"{place}: {written!r}, {read!r}"


def test_grafana_s_own_types_read_every_word_of_the_dashboard(board: dict[str, Any]) -> None:
    """Grafana itself cannot be had here: its published types stand for it, which drop what Grafana does not know."""
    register_default_plugins()
    read = Dashboard.from_json(board)
    assert isinstance(read.panels, list)
    assert all(isinstance(panel.targets[0], Dataquery) for panel in read.panels)  # type: ignore[union-attr, index]
    assert list(lost(board, json.loads(JSONEncoder().encode(read)))) == []
    # The check itself notices a word that is none.
    board = board | {"colour": "red"}
    assert list(lost(board, json.loads(JSONEncoder().encode(Dashboard.from_json(board))))) == ["/colour"]


def test_the_dashboard_is_whole(board: dict[str, Any]) -> None:
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for g in (panel["gridPos"] for panel in panels)
        for x in range(g["x"], g["x"] + g["w"])
        for y in range(g["y"], g["y"] + g["h"])
    ]
    # 24 columns, and no panel over another.
    assert len(set(cells)) == len(cells)
    assert {x for x, _ in cells} == set(range(24))
    variables = {one["name"] for one in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board))) - {"__rate_interval"}
    assert used == variables
    for panel in panels:
        assert panel["description"].endswith(".")
        assert {target["refId"] for target in panel["targets"]} <= set("AB")
        assert all(t["datasource"]["uid"] == "${datasource}" for t in panel["targets"])
    for _, question in questions(board):
        promql_parser.parse(question)
