"""The API against its own description: no 500, and no answer that /openapi.json does not name."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from web_store import KP_ID, fill

from nightside.engine.acknowledging import Acknowledgements
from nightside.engine.checks.taking import Taking
from nightside.engine.reports.taking import ReportTaking
from nightside.model.token import Token
from nightside.store.location import open_store
from nightside.store.token_form import digest_of, new_token
from nightside.web import desk, writing_desk
from nightside.web.app import create_app
from nightside.web.desk import Take
from nightside.web.limits import Limits
from nightside.web.writing_desk import Acknowledging, Attach

EXAMPLES = 30
"""For each route; the same ones every time."""

STREAM_S = 1.0
"""A stream never ends, so it is cut off."""

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
)


@pytest.fixture
def api(tmp_path: Path) -> BaseSchema:
    """The description that the app gives of itself."""
    return described(tmp_path)


def described(
    tmp_path: Path,
    take: Take | None = None,
    attach: Attach | None = None,
    acknowledging: Acknowledging | None = None,
) -> BaseSchema:
    folder = tmp_path / "store"
    fill(folder)
    limits = Limits(requests_per_s=1e6, burst=1_000_000)
    app = create_app(folder, limits, take=take, attach=attach, acknowledging=acknowledging)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@schemathesis.serializer("application/x-ndjson")
def _as_it_is(_context: schemathesis.SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_as_described(api: BaseSchema, mode: GenerationMode) -> None:
    tried = _tried(api, mode)
    assert {"/api/1/incidents", "/api/1/signals/{type}/{code}", "/api/1/events"} <= tried


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_to_who_hands_in_is_as_described(
    tmp_path: Path, mode: GenerationMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "PER_PLACE", Limits(requests_per_s=1e6, burst=1_000_000))
    with open_store(tmp_path / "store") as store:
        token = new_token("tokyo-1")
        store.put_token(Token("checks", "tokyo-1", digest_of(token), 0))
        api = described(tmp_path, Taking(store).take).include(method="POST")
        for headers in ({}, {"Authorization": f"Bearer {token}"}):
            assert _tried(api, mode, headers) == {"/api/1/checks"}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_to_who_reports_is_as_described(
    tmp_path: Path, mode: GenerationMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_desk, "PER_TOKEN", Limits(requests_per_s=1e6, burst=1_000_000))
    with open_store(tmp_path / "store") as store:
        token = new_token("newsroom")
        store.put_token(Token("reports", "newsroom", digest_of(token), 0))
        api = described(tmp_path, attach=ReportTaking(store).attach).include(method="POST")
        for headers in ({}, {"Authorization": f"Bearer {token}"}):
            # What is wrong may be the id; what is right is asked of an incident that is there.
            known = KP_ID if mode is GenerationMode.POSITIVE else None
            assert _tried(api, mode, headers, known) == {"/api/1/incidents/{id}/reports"}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_to_who_acknowledges_is_as_described(
    tmp_path: Path, mode: GenerationMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_desk, "PER_TOKEN", Limits(requests_per_s=1e6, burst=1_000_000))
    with open_store(tmp_path / "store") as store:
        token = new_token("on-call")
        store.put_token(Token("acknowledgements", "on-call", digest_of(token), 0))
        api = described(tmp_path, acknowledging=Acknowledgements(store)).include(method=["POST", "DELETE"])
        for headers in ({}, {"Authorization": f"Bearer {token}"}):
            # What is wrong may be the id; what is right is asked of an incident that is there.
            known = KP_ID if mode is GenerationMode.POSITIVE else None
            route = "/api/1/incidents/{id}/acknowledgements"
            assert _tried(api, mode, headers, known) == {route, route + "/{acknowledgement}"}


def _tried(
    api: BaseSchema, mode: GenerationMode, headers: dict[str, str] | None = None, id: str | None = None
) -> set[str]:
    """The paths that were asked, each answer held against the description; all of this incident, where one is given."""
    tried: set[str] = set()
    for result in api.get_all_operations():
        operation = result.ok()

        @seed(4)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Case) -> None:
            tried.add(case.operation.path)
            if id is not None:
                case.path_parameters["id"] = id
            stream = case.operation.path.endswith("/events")
            case.call_and_validate(checks=CHECKS, timeout=STREAM_S if stream else 10, headers=headers)

        # A route that takes nothing cannot be asked wrongly.
        with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
            holds()
    return tried
