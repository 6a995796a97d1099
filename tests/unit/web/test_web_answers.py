"""Formats, tags, compression; every answer in the shape that its schema promises."""

from __future__ import annotations

import gzip
import io
import json
from importlib.resources import files
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from referencing import Registry, Resource
from starlette.testclient import TestClient
from web_store import BACK, DAY_S, KP_ID, ONSET, T

from nightside.model.instants import iso
from nightside.web.answers import knows

API = "/api/1"
DAY = f"from={iso(T)}&to={iso(T + DAY_S)}"


def schemas() -> dict[str, Any]:
    folder = files("nightside.model") / "schemas"
    return {f.name.removesuffix(".json"): json.loads(f.read_text(encoding="utf-8")) for f in folder.iterdir()}


def validator(name: str) -> jsonschema.Draft202012Validator:
    every = schemas()
    registry = Registry().with_resources([(s["$id"], Resource.from_contents(s)) for s in every.values()])
    return jsonschema.Draft202012Validator(every[name], registry=registry)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/incidents", "incidents-1"),
        ("/incidents?limit=1", "incidents-1"),
        ("/episodes", "episodes-1"),
        ("/entities", "entities-1"),
        ("/entities/country/KP", "state-1"),
        ("/entities/view/all", "state-1"),
        (f"/incidents/{KP_ID}", "incident-1"),
        (f"/incidents/{KP_ID}/revisions", "revisions-1"),
        (f"/incidents/{KP_ID}/revisions/1", "incident-1"),
        (f"/incidents/{KP_ID}/series", "series-1"),
        (f"/incidents/{KP_ID}/posts", "posts-1"),
        (f"/signals/country/KP?{DAY}", "signal-1"),
        (f"/signals/country/KP?{DAY}&resolution=hour", "signal-1"),
        ("/signals/asn/131279", "signal-1"),
        ("/view", "view-1"),
        ("/map?frames=24", "map-1"),
        ("/world", "world-1"),
        ("/nothing", "error-1"),
        ("/incidents?limit=0", "error-1"),
    ],
)
def test_answers_keep_their_shape(client: TestClient, path: str, schema: str) -> None:
    validator(schema).validate(client.get(API + path).json())


def test_a_day_of_an_entity(client: TestClient) -> None:
    signal = client.get(f"{API}/signals/country/kp?{DAY}").json()
    assert (signal["from"], signal["to"]) == (iso(T), iso(T + DAY_S))
    columns = signal["columns"]
    assert columns["time"] == [iso(T), iso(T + 60), iso(T + 120), iso(ONSET)]
    assert columns["units"] == [4, None, 4, 0]
    assert columns["quality"] == ["known", "unknown", "known", "known"]
    assert columns["baseline"] == [4, 4, 4, 4]


def test_without_a_range_it_is_the_last_day(client: TestClient) -> None:
    signal = client.get(f"{API}/signals/country/KP").json()
    assert (signal["from"], signal["to"]) == (iso(T + 2 * DAY_S), iso(T + 3 * DAY_S))


def test_hours(client: TestClient) -> None:
    columns = client.get(f"{API}/signals/country/KP?{DAY}&resolution=hour").json()["columns"]
    assert columns["time"] == [iso(T + 3600 * h) for h in range(24)]
    assert columns["lowest"] == [4] * 16 + [0] * 8
    assert columns["highest"] == [4] * 17 + [0] * 7
    assert columns["mean"][16] == pytest.approx(4 * 15 / 60)
    assert columns["unknown_s"] == [60] + [0] * 23


def test_the_map_is_the_lowest_of_each_frame(client: TestClient) -> None:
    shown = client.get(f"{API}/map?{DAY}&frames=6").json()
    assert shown["frame_s"] == 4 * 3600
    assert shown["times"] == [iso(T + 4 * 3600 * i) for i in range(6)]
    assert shown["countries"]["KP"] == [100, 100, 100, 100, 0, 0]
    assert shown["countries"]["SY"] == [50] * 6
    after = client.get(f"{API}/map?from={iso(T + 2 * DAY_S)}&to={iso(T + 4 * DAY_S)}&frames=2").json()
    assert after["countries"]["SY"] == [50, None]  # nothing is stored of the last day


def test_the_series_of_an_incident(client: TestClient) -> None:
    series = client.get(f"{API}/incidents/{KP_ID}/series").json()
    assert series["columns"]["time"] == [iso(t) for t in (ONSET - 600, ONSET, ONSET + 60, ONSET + 120, BACK)]
    assert series["columns"]["units"] == [4, 0, None, 0, 4]
    assert series["unknown"] == [{"from": iso(ONSET + 60), "to": iso(ONSET + 120), "why": "no peers"}]
    assert series["networks"][0]["stretches"][0]["state"] == "up"


def test_revisions_say_what_changed_and_stay(client: TestClient) -> None:
    items = client.get(f"{API}/incidents/{KP_ID}/revisions").json()["items"]
    assert [i["revision"] for i in items] == [1, 2]
    assert items[0]["changed"] == []
    assert {"end", "status"} <= set(items[1]["changed"])
    first = client.get(f"{API}/incidents/{KP_ID}/revisions/1")
    assert (first.json()["status"], first.json()["revision"]) == ("ongoing", 1)
    assert "immutable" in first.headers["cache-control"]
    assert client.get(f"{API}/incidents/{KP_ID}").json()["status"] == "restored"


def read_table(content: bytes, media_type: str) -> pa.Table:
    if media_type.startswith("text/csv"):
        return pyarrow.csv.read_csv(io.BytesIO(content))
    if media_type == "application/vnd.apache.arrow.stream":
        return pa.ipc.open_stream(content).read_all()
    assert media_type == "application/vnd.apache.parquet"
    return pyarrow.parquet.read_table(io.BytesIO(content))


MEDIA = {
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


@pytest.mark.parametrize("form", ["csv", "arrow", "parquet"])
@pytest.mark.parametrize(
    "path",
    [
        f"/signals/country/KP?{DAY}",
        f"/signals/country/KP?{DAY}&resolution=hour",
        f"/incidents/{KP_ID}/series?",
    ],
)
def test_tables_in_every_format_are_the_json(client: TestClient, path: str, form: str) -> None:
    expected = client.get(API + path).json()["columns"]
    by_name = client.get(f"{API}{path}&format={form}")
    by_accept = client.get(API + path, headers={"Accept": f"text/html;q=0.1, {MEDIA[form]}"})
    assert by_name.content == by_accept.content
    assert by_name.headers["content-disposition"].endswith(f'.{form}"')
    table = read_table(by_name.content, by_name.headers["content-type"])
    assert table.column_names == list(expected)
    for name, values in expected.items():
        got = table[name].to_pylist()
        if name == "time":
            got = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in got]
        assert got == values


def test_csv_says_utc_and_leaves_the_unknown_empty(client: TestClient) -> None:
    lines = client.get(f"{API}/signals/country/KP?{DAY}&format=csv").text.splitlines()
    assert lines[0] == '"time","units","quality","baseline","resolution_s"'
    assert lines[2] == f'"{iso(T + 60)}",,"unknown",4,1'


@pytest.mark.parametrize("path", ["/incidents", f"/signals/country/KP?{DAY}&format=arrow", "/world", "/map"])
def test_what_is_known_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(API + path)
    tag = first.headers["etag"]
    again = client.get(API + path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert client.get(API + path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_another_answer_has_another_tag(client: TestClient) -> None:
    paths = ["/incidents", "/incidents?limit=2", "/entities", f"/signals/country/KP?{DAY}", "/world"]
    assert len({client.get(API + path).headers["etag"] for path in paths}) == len(paths)


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ('W/"a"', True),
        ('"a"', True),
        ("*", True),
        ('"b", W/"a"', True),
        ('"b"', False),
        ("", False),
        (None, False),
    ],
)
def test_tags_are_compared_weakly(asked: str | None, known: bool) -> None:
    assert knows(asked, 'W/"a"') is known


@pytest.mark.parametrize("path", ["/incidents", "/world", f"/incidents/{KP_ID}"])
def test_long_answers_are_compressed_where_that_is_understood(client: TestClient, path: str) -> None:
    with client.stream("GET", API + path, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    plain = client.get(API + path, headers={"Accept-Encoding": "identity, gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


def test_posts_are_told_in_order_and_are_short(client: TestClient) -> None:
    items = client.get(f"{API}/incidents/{KP_ID}/posts").json()["items"]
    assert [(i["kind"], i["at"]) for i in items] == [("opened", iso(ONSET)), ("restored", iso(BACK + 600))]
    assert all("North Korea" in i["text"] for i in items)
    assert all("econstruct" in i["text"] for i in items)
    assert "9-hour 31-minute" in items[1]["text"]
