"""Names of countries in the reader's language: Unicode's CLDR, and what is refused."""

from __future__ import annotations

import pytest

from nightside.model.errors import UsageError
from nightside.world.languages import accepted_language, language_of, require_language
from nightside.world.names import called_so, country_codes, country_name, country_names, require_country

HOSTILE = ["", "../../etc/passwd", "de\0", "d" * 100_000, "de-" * 5_000, "<b>", "en\n", "%00", "de;q=1", "١٢"]


@pytest.mark.parametrize(
    ("language", "code", "name"),
    [
        # As each country's own press writes them.
        ("de", "KP", "Nordkorea"),
        ("ko", "KP", "북한"),
        ("zh-Hans", "KP", "朝鲜"),
        ("zh-Hant", "KP", "北韓"),
        ("fr", "KP", "Corée du Nord"),
        ("ar", "SY", "سوريا"),
        ("es", "EG", "Egipto"),
        ("sq", "XK", "Kosovë"),
        ("sr", "XK", "Косово"),
    ],
)
def test_countries_are_called_as_their_readers_call_them(language: str, code: str, name: str) -> None:
    assert country_name(code, require_language(language)) == name


@pytest.mark.parametrize("language", ["de", "ko", "zh-Hant", "ar", "he", "pt-BR", "en-GB", "ii", "vo"])
def test_every_country_has_some_name_in_every_language(language: str) -> None:
    names = country_names(require_language(language))
    assert set(names) == country_codes()
    assert all(names.values())


def test_our_shorter_names_are_for_english_alone() -> None:
    assert country_name("CD") == country_name("CD", "en-GB") == "DR Congo"
    assert country_name("CD", "de") == "Kongo-Kinshasa"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("DE", "de"),
        ("zh_hant", "zh-Hant"),
        ("zh-TW", "zh-Hant-TW"),
        ("pt-br", "pt-BR"),
        (" ko ", "ko"),
        ("iw", "he-IL"),
    ],
)
def test_a_tag_is_understood_in_its_spellings(tag: str, language: str) -> None:
    assert require_language(tag) == language


@pytest.mark.parametrize(
    ("tag", "near"), [("german", "de"), ("zh-Hamt", "zh-Hant"), ("Korean", "ko"), ("de-XX", "de")]
)
def test_a_tag_that_does_not_exist_is_refused_with_a_near_one(tag: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_language(tag)
    assert caught.value.exit_code == 2
    assert tag in caught.value.what
    assert f"Did you mean {near}? " in caught.value.advice


@pytest.mark.parametrize("tag", HOSTILE)
def test_a_hostile_tag_is_refused_in_two_short_lines(tag: str) -> None:
    assert language_of(tag) is None
    with pytest.raises(UsageError) as caught:
        require_language(tag + "!")
    said = str(caught.value)
    assert len(said) < 250
    assert said.isprintable() or said.replace("\n", "").isprintable()
    assert len(said.splitlines()) <= 2


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("*", "en"),
        ("de-DE,de;q=0.9,en;q=0.8", "de-DE"),
        ("en;q=0.1, ko;q=0.9", "ko"),
        ("xx-YY, tlh, ko;q=0.5", "ko"),
        # RFC 4647 3.4: what is too narrow is widened.
        ("zh-Hant-XX", "zh-Hant"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("de;q=nan, fr", "fr"),
        (",;,=;q=1,,fr", "fr"),
    ],
)
def test_the_readers_first_language_is_taken(header: str | None, language: str) -> None:
    assert accepted_language(header) == language


@pytest.mark.parametrize("header", [*HOSTILE, ",".join(["de-XX-YY-ZZ"] * 10_000), ("x" * 8 + "-") * 100])
def test_a_hostile_header_gives_some_language(header: str) -> None:
    assert accepted_language(header) in ("en", "de", "de-DE")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Nordkorea", "KP"),
        ("북한", "KP"),
        ("Corée du Nord", "KP"),
        ("coree du nord", "KP"),
        ("朝鲜", "KP"),
        ("Ägypten", "EG"),
        ("مصر", "EG"),
    ],
)
def test_a_name_in_another_language_says_which_code_was_meant(asked: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_country(asked)
    assert f"Did you mean {meant} ({country_name(meant)})? " in caught.value.advice


def test_who_searches_finds_by_code_english_name_and_own_name() -> None:
    for words in ("kp", "North Korea", "북한", " north korea "):
        assert called_so(words, "ko") == "KP"
    assert called_so("Nordkorea", "ko") is None
    assert called_so("Ägypten", "de") == called_so("agypten", "de") == "EG"
