"""Tokens as text: what they look like, which they are, and what is none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from nightside.model.errors import UsageError
from nightside.model.token import Token
from nightside.store import token_form
from nightside.store.token_form import digest_of, known_as, name_in, new_token

NOW = 1_795_345_200


def kept(token: str, **other: object) -> Token:
    return replace(Token("checks", "tokyo-1", digest_of(token), 0), **other)  # type: ignore[arg-type]


def test_a_token_bears_its_name_and_256_bits_of_chance() -> None:
    token = new_token("tokyo-1.example")
    found = re.fullmatch(r"nightside_tokyo-1\.example_([A-Za-z0-9_-]+)", token)
    assert found is not None
    assert len(base64.urlsafe_b64decode(found[1] + "=")) * 8 == 256
    assert name_in(token) == "tokyo-1.example"


def test_no_two_are_the_same() -> None:
    assert len({new_token("a") for _ in range(100)}) == 100


def test_secrets_with_the_separator_in_them_leave_the_name_alone() -> None:
    assert {name_in(new_token("a-b")) for _ in range(200)} == {"a-b"}


@pytest.mark.parametrize("name", ["", "-a", ".a", "a_b", "a b", "ä", "a" * 64, "a\n", "<b>", "../a"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        new_token(name)


@pytest.mark.parametrize(
    "text", ["", "nightside", "nightside_a_", "nightside_a_" + "x" * 42, "x" * 200, "é" * 60]
)
def test_what_is_no_token_bears_no_name(text: str) -> None:
    assert name_in(text) is None
    assert known_as(text, [kept("x")], NOW) is None


def test_only_the_hash_is_kept() -> None:
    token = new_token("tokyo-1")
    assert kept(token).digest == hashlib.sha256(token.encode()).digest()


def test_one_among_others_is_known() -> None:
    one, other = new_token("tokyo-1"), new_token("tokyo-1")
    assert known_as(one, [kept(other), kept(one)], NOW) == kept(one)
    assert known_as(one, [kept(other)], NOW) is None
    assert known_as(one, [], NOW) is None


def test_a_revoked_one_is_not() -> None:
    token = new_token("tokyo-1")
    assert known_as(token, [kept(token, revoked=5)], NOW) is None


def test_one_that_ran_out_is_not_from_that_second_on() -> None:
    token = new_token("tokyo-1")
    assert known_as(token, [kept(token, expires=NOW + 1)], NOW) is not None
    assert known_as(token, [kept(token, expires=NOW)], NOW) is None


@pytest.mark.parametrize("text", ["", "nonsense", "nightside_nobody_" + "A" * 43, "é" * 60, None])
def test_whatever_it_is_it_is_compared_with_all_in_constant_time(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [new_token(f"tokyo-{n}") for n in range(5)]
    text = others[0] if text is None else text
    compared: list[tuple[int, int]] = []

    def compare_digest(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(token_form, "hmac", SimpleNamespace(compare_digest=compare_digest))
    known_as(text, [kept(each) for each in others], NOW)
    assert compared == [(32, 32)] * 5


def test_a_name_that_was_exchanged_is_another_token() -> None:
    token = new_token("tokyo-1")
    assert known_as(token.replace("tokyo-1", "tokyo-2"), [kept(token)], NOW) is None
