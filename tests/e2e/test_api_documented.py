"""Every route stands in docs/api.md, and docs/api.md names no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nightside.engine.checks.taking import MOST_TOLD
from nightside.engine.reports import reading
from nightside.model import acknowledgement
from nightside.store.location import open_store
from nightside.web import acknowledging, desk, reporting, services, writing_desk
from nightside.web.app import create_app
from nightside.web.asked import LONGEST_S
from nightside.web.documented import document
from nightside.web.events import MOST_MISSED
from nightside.web.gate import WRONG
from nightside.web.limits import Limits
from nightside.web.news import ALIVE_EVERY, LOOK_EVERY_S
from nightside.web.signals import MOST_ROWS

DOCS = (Path(__file__).resolve().parent.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
OPERATIONS = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
ROUTE = re.compile(r"`(GET|POST|DELETE) (/[^`\s?]*)`")


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("docs") / "store"
    open_store(folder).close()
    return document(create_app(folder, take=_nothing, attach=_nothing, acknowledging=_Nothing()))


def _nothing(*_: object) -> Any:
    raise AssertionError("nobody hands in anything here")


class _Nothing:
    def acknowledge(self, *_: object) -> Any:
        raise AssertionError("nobody has seen anything here")

    withdraw = acknowledge


def operations(described: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def test_the_documented_routes_are_the_routes(described: dict[str, Any]) -> None:
    assert set(ROUTE.findall(DOCS)) == set(operations(described))


def test_all_is_for_reading_but_what_is_handed_in(described: dict[str, Any], tmp_path: Path) -> None:
    writing = {route for route in operations(described) if route[0] != "GET"}
    assert writing == {
        ("POST", "/api/1/checks"),
        ("POST", "/api/1/incidents/{id}/reports"),
        ("POST", "/api/1/incidents/{id}/acknowledgements"),
        ("DELETE", "/api/1/incidents/{id}/acknowledgements/{acknowledgement}"),
    }
    open_store(tmp_path).close()
    assert {method for method, _ in operations(document(create_app(tmp_path)))} == {"GET"}


def test_every_parameter_is_documented(described: dict[str, Any]) -> None:
    names = {
        parameter["name"]
        for operation in operations(described).values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    }
    assert {name for name in names if not re.search(rf"`{name}\b", DOCS)} == set()


def test_every_shape_is_named(described: dict[str, Any]) -> None:
    text = str(described["paths"])
    shapes = {name for name in described["components"]["schemas"] if f"schemas/{name}'" in text} - {"error-1"}
    named = set(re.findall(r"`nightside\.([a-z-]+/1)`", DOCS))
    assert {shape.replace("-1", "/1") for shape in shapes} == named


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for target in set(re.findall(r"'\$ref': '#/([^']*)'", str(described))):
        place: Any = described
        for step in target.split("/"):
            place = place[step]


def test_every_answer_has_words_and_the_errors_a_shape(described: dict[str, Any]) -> None:
    for (method, _), operation in operations(described).items():
        answers = operation["responses"]
        assert {"200", "400", "413", "429", "503"} <= set(answers)
        assert ("304" in answers, "422" in answers) == (method == "GET", method != "GET")
        assert all(answer["description"] for answer in answers.values())
        assert operation["description"]


def test_every_answer_to_who_hands_in_is_explained(described: dict[str, Any]) -> None:
    rows = re.findall(r"^\| (\d{3}) \| .* \| .* \|$", DOCS.partition("## Handing in")[2], re.MULTILINE)
    assert set(rows) == set(described["paths"]["/api/1/checks"]["post"]["responses"])


def test_the_limits_are_those_that_are_written_down() -> None:
    limits = Limits()
    for words in (
        f"ask {limits.requests_per_s:.0f} times a second for long and {limits.burst} times at once",
        f"hold {limits.streams_per_client} event streams ({limits.streams} for all",
        f"at most {LONGEST_S // 86_400} days and {MOST_ROWS:,} rows",
        f"at most the last {MOST_MISSED} changes",
        f"a comment comes every {LOOK_EVERY_S * ALIVE_EVERY:.0f} seconds",
        f"at most {services.LONGEST_S // 86_400} days apart",
        f"At most {desk.MOST_LINES:,} lines, {desk.BODY_BYTES} bytes on the line and {desk.UNPACKED_BYTES} unpacked",
        f"once a second for long and {desk.PER_PLACE.burst} times at once",
        f"and {desk.LINES_PER_PLACE.requests_per_s:,.0f} lines a second for long and {desk.LINES_PER_PLACE.burst:,}",
        f"`refused` names the first {MOST_TOLD}",
        f"with at most {reading.MOST_REPORTS}, as `Content-Type: application/json`",
        f"`Content-Type: application/json`, at most {reporting.BODY_BYTES} bytes",
        f"once in {1 / writing_desk.PER_TOKEN.requests_per_s:.0f} seconds".replace(" 5 ", " five "),
        f"and {writing_desk.PER_TOKEN.burst} times at once. All of it",
        f"at most {acknowledging.BODY_BYTES} bytes; the token is one that",
        f"It may come once in five seconds for long and {writing_desk.PER_TOKEN.burst} times at once",
        f"(at most {acknowledgement.NOTE_CHARS} characters), `by` who has seen it (at most {acknowledgement.BY_CHARS};",
        f"An incident has at most {acknowledgement.MOST}, withdrawn ones too",
        f"after {WRONG.burst} wrong ones at once, or one in {1 / WRONG.requests_per_s:.0f} seconds".replace(
            " 5 ", " five "
        ),
    ):
        assert words in DOCS
    for words in (
        f"| {desk.PER_PLACE.burst} times at once, once a second for long |",
        f"| {writing_desk.PER_TOKEN.burst} times at once, once in five seconds for long |",
        f"more than {WRONG.burst} wrong tokens at once",
        f"{WRONG.clients:,} addresses are remembered",
    ):
        assert words in OPERATIONS
