"""Tokens in any store: known by their hash, one in use for each name, revoked for good."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from nightside.model.errors import UsageError
from nightside.model.token import Token
from nightside.store.protocol import Store

OpenStore = Callable[[], AbstractContextManager[Store]]

T = 1_795_000_000
ONE = Token("checks", "tokyo-1", b"\x01" * 32, T)
TWO = Token("checks", "tokyo-1", b"\x02" * 32, T + 100)
OTHER = Token("checks", "berlin", b"\x03" * 32, T + 5)


def test_a_new_store_knows_none(open_store: OpenStore) -> None:
    with open_store() as store:
        assert store.tokens("checks") == []


def test_they_come_back_as_they_were_by_name(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_token(ONE)
        store.put_token(OTHER)
        assert store.tokens("checks") == [OTHER, ONE]


def test_a_name_has_one_that_is_in_use(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_token(ONE)
        with pytest.raises(UsageError, match="tokyo-1 has a token for checks already"):
            store.put_token(TWO)
        assert store.tokens("checks") == [ONE]


def test_a_revoked_one_is_kept_and_makes_room(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_token(ONE)
        assert store.revoke_token("checks", "tokyo-1", T + 50)
        store.put_token(TWO)
        assert [(t.digest, t.revoked) for t in store.tokens("checks")] == [
            (ONE.digest, T + 50),
            (TWO.digest, None),
        ]


def test_what_is_not_there_cannot_be_revoked(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_token(ONE)
        assert not store.revoke_token("checks", "berlin", T)
        assert store.revoke_token("checks", "tokyo-1", T + 1)
        assert not store.revoke_token("checks", "tokyo-1", T + 2)
        assert store.tokens("checks")[0].revoked == T + 1


def test_last_heard_goes_forward_only(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_token(ONE)
        store.note_heard(ONE.digest, T + 60)
        store.note_heard(ONE.digest, T + 30)
        store.note_heard(b"\x09" * 32, T + 90)
        assert [t.heard for t in store.tokens("checks")] == [T + 60]


def test_they_outlive_the_store_that_is_closed(open_store: OpenStore) -> None:
    with open_store() as first:
        first.put_token(ONE)
    with open_store() as again:
        assert again.tokens("checks") == [ONE]


def test_scopes_are_apart_and_all_are_listed(open_store: OpenStore) -> None:
    other = Token("acknowledgements", "tokyo-1", b"\x04" * 32, T)
    with open_store() as store:
        store.put_token(ONE)
        store.put_token(other)
        assert store.tokens() == [other, ONE]
        assert store.tokens("acknowledgements") == [other]
        assert not store.revoke_token("reports", "tokyo-1", T)
        assert store.revoke_token("acknowledgements", "tokyo-1", T)
        assert store.tokens("checks") == [ONE]


def test_one_that_ran_out_makes_room_and_is_over_since_then(open_store: OpenStore) -> None:
    guest = replace(ONE, expires=T + 100)
    with open_store() as store:
        store.put_token(guest)
        with pytest.raises(UsageError, match="already"):
            store.put_token(replace(TWO, made=T + 99))
        store.put_token(TWO)  # made at T + 100
        assert store.tokens("checks") == [replace(guest, revoked=T + 100), TWO]
