"""Acknowledgements that people and programs send: what is read, what is refused, and who may take one back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import web_store

from nightside.engine.acknowledging import (
    Acknowledgements,
    Said,
    acknowledge,
    find,
    read_acknowledgement,
    withdraw,
)
from nightside.model.errors import InputError, NightsideError, UsageError
from nightside.model.token import Token
from nightside.store.embedded import EmbeddedStore

ID, NOW = web_store.KP_ID, 1_795_345_200
DIGEST = b"\x07" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path) as store:
        store.put_incident(*web_store.finding(web_store.KP, web_store.ONSET, web_store.BACK))
        store.put_token(Token("acknowledgements", "on-call", DIGEST, NOW))
        yield store


def body(**item: Any) -> bytes:
    return json.dumps(item).encode()


def test_what_is_said_is_read_on_one_line() -> None:
    assert read_acknowledgement(body(note=" the operator\n was\tasked ", by="Ana")) == Said(
        "the operator was asked", "Ana"
    )
    assert read_acknowledgement(body(note="seen", by=None)) == Said("seen", None)
    assert read_acknowledgement(b"\xef\xbb\xbf" + body(note="보았다")) == Said("보았다", None)
    assert read_acknowledgement(body(note="x" * 500)).note == "x" * 500


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"{", "no JSON"),
        (b"[" * 9_000, "nested too deeply"),
        (b"[]", "not an object"),
        (b'"seen"', "not an object"),
        (body(), "`note` is missing"),
        (body(note=None), "`note` is missing"),
        (body(note=""), "no text of 1 to 500"),
        (body(note=" \n "), "no text of 1 to 500"),
        (body(note=7), "no text of 1 to 500"),
        (body(note="x" * 501), "no text of 1 to 500"),
        (body(note="a\x1b[2Jb"), "control character (U+001B)"),
        (body(note="a\x00"), "control character (U+0000)"),
        (body(note="a\x85b"), "control character (U+0085)"),
        (b'{"note": "\\ud800"}', "control character (U+D800)"),
        (body(note="seen", by=""), "`by` is no text of 1 to 100"),
        (body(note="seen", by="x" * 101), "`by` is no text of 1 to 100"),
        (body(note="seen", at="2014-12-22"), "the key 'at' is not known"),
        (body(note="x" * 17_000), "more than 16384 bytes"),
    ],
)
def test_what_is_none_is_refused(sent: bytes, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read_acknowledgement(sent)
    assert why in refused.value.what


def test_who_it_was_is_the_person_else_the_token(store: EmbeddedStore) -> None:
    taking = Acknowledgements(store, now=lambda: NOW)
    told = taking.acknowledge(ID, "on-call", DIGEST, body(note="seen", by="Ana"))
    assert (told["outcome"], told["incident"], told["at"]) == ("acknowledged", ID, "2026-11-22T11:00:00Z")
    assert (told["acknowledgement"]["by"], told["acknowledgement"]["token"]) == ("Ana", "on-call")
    told = taking.acknowledge(ID, "on-call", DIGEST, body(note="seen"))
    assert told["acknowledgement"]["by"] == "on-call"
    assert taking.acknowledge(ID, "on-call", DIGEST, body(note="seen"))["outcome"] == "known"
    assert store.tokens("acknowledgements")[0].heard == NOW


def test_where_it_is_said_that_nothing_was_stored_nothing_was(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise NightsideError("no space left")

    monkeypatch.setattr(store, "note_heard", full)
    with pytest.raises(NightsideError, match="no space left"):
        Acknowledgements(store, now=lambda: NOW).acknowledge(ID, "on-call", DIGEST, body(note="seen"))
    assert list(store.acknowledgements(ID)) == []


def test_a_token_takes_back_its_own_alone(store: EmbeddedStore) -> None:
    taking = Acknowledgements(store, now=lambda: NOW)
    id = taking.acknowledge(ID, "on-call", DIGEST, body(note="seen"))["acknowledgement"]["id"]
    assert taking.withdraw(ID, id, "somebody", DIGEST) is None
    assert taking.withdraw(ID, "0" * 32, "on-call", DIGEST) is None
    assert taking.withdraw("KP-20991231T0000Z", id, "on-call", DIGEST) is None
    told = taking.withdraw(ID, id, "on-call", DIGEST)
    assert told is not None
    assert told["outcome"] == "withdrawn"
    gone = {"at": "2026-11-22T11:00:00Z", "by": "on-call", "why": None}
    assert told["acknowledgement"]["withdrawn"] == gone
    # Once more is no more.
    assert taking.withdraw(ID, id, "on-call", DIGEST) == told


def test_some_digits_are_enough_to_find_one(store: EmbeddedStore) -> None:
    told = acknowledge(store, ID, Said("seen", None), at=NOW, token="here")
    id = told["acknowledgement"]["id"]
    kept = find(store, ID, id[:8].upper())
    assert kept is not None
    assert kept.id == id
    assert find(store, ID, id[:7]) is None
    assert find(store, ID, id + "0") is None
    withdraw(store, ID, kept, at=NOW, by="here", why="too early")
    with pytest.raises(UsageError, match="withdrawn already"):
        withdraw(store, ID, kept, at=NOW, by="here", why="again")


def test_an_incident_that_is_not_there(store: EmbeddedStore) -> None:
    with pytest.raises(UsageError, match="no incident KP-20991231T0000Z"):
        acknowledge(store, "KP-20991231T0000Z", Said("seen", None), at=NOW, token="here")
