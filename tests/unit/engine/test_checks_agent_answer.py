"""Where an agent hands in, and what it does after each answer: nothing is given up that might yet be taken."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from nightside.engine.checks.agent import asked_agent
from nightside.engine.checks.agent_answer import address_of, retry_after, verdict
from nightside.model.errors import UsageError
from nightside.model.handed_in import HandedIn, Refused
from nightside.store.token_form import new_token


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://nightside.example", "https://nightside.example/api/1/checks"),
        ("https://nightside.example:8443/", "https://nightside.example:8443/api/1/checks"),
        ("https://example.org/night/", "https://example.org/night/api/1/checks"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/1/checks"),
        ("http://127.9.9.9", "http://127.9.9.9/api/1/checks"),
        ("http://[::1]:8000/", "http://[::1]:8000/api/1/checks"),
        ("http://localhost:8000", "http://localhost:8000/api/1/checks"),
    ],
)
def test_results_go_by_https_or_to_this_machine(url: str, address: str) -> None:
    assert address_of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "http://nightside.example",
        "http://192.0.2.1:8000",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "ftp://nightside.example",
        "nightside.example",
        "https://",
        "https://user:secret@nightside.example",
        "https://nightside.example/?a=b",
        "https://nightside.example/#x",
        "https://nightside.example:99999",
        "https://[::1",
        "",
    ],
)
def test_nowhere_else(url: str) -> None:
    with pytest.raises(UsageError, match="not an address"):
        address_of(url)


def answer(**changed: Any) -> bytes:
    said = HandedIn("tokyo-1", 1_795_345_200.5, 3, 1, 1, [Refused(2, "it is old")], 5).to_json()
    return json.dumps({**said, **changed}).encode()


def error(what: str = "no", where: str = "here") -> bytes:
    return json.dumps({"error": {"what": what, "where": where, "advice": ""}}).encode()


def test_what_was_looked_at_is_done_with_and_the_refused_are_told() -> None:
    found = verdict(200, {}, answer(), 5)
    assert (found.then, found.at_s) == ("taken", 1_795_345_200.5)
    assert "1 results refused for good: it is old" in found.why
    assert verdict(200, {}, answer(taken=4, refused_count=0, refused=[]), 5).why == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Please sign in to the hotel's network</html>",
        b"[]",
        b"{}",
        answer(schema="other/1"),
        answer(taken=4),
        answer(taken="3"),
        answer(known=None),
    ],
)
def test_who_is_no_nightside_has_taken_nothing(content: bytes) -> None:
    assert verdict(200, {}, content, 5).then == "again"


@pytest.mark.parametrize(
    "status", [201, 204, 301, 302, 400, 401, 403, 404, 405, 408, 415, 429, 500, 502, 503, 507]
)
def test_what_may_yet_be_taken_is_tried_again(status: int) -> None:
    found = verdict(status, {}, error(), 5)
    assert found.then == "again"
    assert str(status) in found.why


def test_a_token_that_is_not_taken_is_said_so() -> None:
    assert "wrong or revoked" in verdict(401, {}, error(), 5).why


def test_a_server_that_takes_nothing_is_said_so() -> None:
    assert "serve --agents" in verdict(405, {}, b"", 5).why


def test_what_is_no_result_is_given_up_where_our_server_says_so() -> None:
    assert verdict(422, {}, error("no result of a check: x"), 5).then == "refused"
    assert verdict(422, {}, b"<html>", 5).then == "again"


def test_too_much_is_handed_in_by_less() -> None:
    assert verdict(413, {}, error(), 5).then == "smaller"
    assert verdict(413, {}, error(), 1).then == "smaller"


def test_a_proxy_that_finds_everything_too_much_takes_nothing() -> None:
    page = b"<html>413 Request Entity Too Large</html>"
    assert verdict(413, {}, page, 5).then == "smaller"
    assert verdict(413, {}, page, 1).then == "again", "one line would be refused for good, and then the next"


def test_a_server_says_when_to_come_back() -> None:
    assert verdict(503, {"retry-after": "17"}, error(), 5).wait_s == 17
    assert verdict(429, {"retry-after": "1"}, error(), 5).wait_s == 1
    assert verdict(429, {}, error(), 5).wait_s == 0
    assert [verdict(status, {}, error(), 5).is_usual for status in (429, 503, 401)] == [True, False, False]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("0", 0), ("120", 120), ("999999999", 3600), ("-5", 0), ("soon", 0), ("", 0), (None, 0), ("²", 0)],
)
def test_seconds_to_wait(said: str | None, seconds: float) -> None:
    assert retry_after(said) == seconds


def test_a_date_to_wait_for() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < retry_after(format_datetime(moment, usegmt=True)) <= 90
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0


def test_words_of_a_server_are_shown_on_one_line_and_bounded() -> None:
    why = verdict(500, {}, error("\x1b[2J\n" + "x" * 5_000), 5).why
    assert why.isprintable()
    assert len(why) < 300


def test_the_token_says_which_place_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    token = new_token("tokyo-1")
    monkeypatch.setenv("NIGHTSIDE_AGENT_TOKEN", f" {token}\n")
    asked = asked_agent("https://nightside.example")
    assert (asked.token, asked.place) == (token, "tokyo-1")
    assert token not in repr(asked)


@pytest.mark.parametrize("given", [None, "", "secret-of-somebody"])
def test_without_a_token_it_says_so_and_not_what_it_was(
    monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.delenv("NIGHTSIDE_AGENT_TOKEN", raising=False)
    if given is not None:
        monkeypatch.setenv("NIGHTSIDE_AGENT_TOKEN", given)
    with pytest.raises(UsageError, match="--allow NAME") as refused:
        asked_agent("https://nightside.example")
    assert not given or given not in str(refused.value)
