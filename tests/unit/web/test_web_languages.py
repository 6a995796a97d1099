"""Pages name countries in the reader's language; the API and what is sent elsewhere does not change with it."""

from __future__ import annotations

import re

import pytest
from page_reading import Page
from starlette.testclient import TestClient
from web_store import KP_ID

HTML = {"Accept": "text/html"}
KOREAN = "북한"
ARABIC = "كوريا الشمالية"


def get(client: TestClient, path: str, language: str | None = None, status: int = 200) -> str:
    headers = HTML if language is None else HTML | {"Accept-Language": language}
    answer = client.get(path, headers=headers, follow_redirects=False)
    assert answer.status_code == status, answer.text
    return answer.text


@pytest.mark.parametrize("path", ["/", "/countries/KP", "/incidents", f"/incidents/{KP_ID}"])
def test_a_page_names_the_country_as_its_reader_does(client: TestClient, path: str) -> None:
    english = get(client, path, "en-GB,en;q=0.9")
    assert english == get(client, path)
    assert "North Korea" in english
    assert "<bdi" not in english
    korean = get(client, path, "ko-KR,ko;q=0.9,en;q=0.1")
    assert f'<bdi lang="ko-KR">{KOREAN}</bdi>' in korean
    arabic = get(client, path, "ar")
    assert f'<bdi lang="ar">{ARABIC}</bdi>' in arabic
    # The sentences stay English.
    assert "Skip to the content" in korean


def test_the_title_of_a_countrys_page_is_in_the_language(client: TestClient) -> None:
    assert f"<title>{KOREAN}: routes over time" in get(client, "/countries/KP", "ko")
    assert "<h1>Star Joint Venture" not in get(client, "/asns/131279", "ko")
    assert "Star Joint Venture" in get(client, "/asns/131279", "ko")


@pytest.mark.parametrize("path", ["/", "/countries/KP", "/incidents", f"/incidents/{KP_ID}", "/names.json"])
def test_no_cache_mixes_languages(client: TestClient, path: str) -> None:
    answers = [
        client.get(path, headers=HTML | {"Accept-Language": tag}) for tag in ("en", "ko", "ar", "en", "ko")
    ]
    for answer in answers:
        assert "accept-language" in answer.headers["vary"].lower()
    tags = [answer.headers["etag"] for answer in answers]
    assert tags[:2] == tags[3:]
    assert len(set(tags)) == 3
    stale = client.get(path, headers=HTML | {"Accept-Language": "ko", "If-None-Match": tags[0]})
    assert stale.status_code == 200


def test_the_api_and_the_feed_are_the_same_for_everybody(client: TestClient) -> None:
    for path in (
        "/api/1/world",
        "/api/1/incidents",
        f"/api/1/incidents/{KP_ID}",
        "/feeds/incidents.atom",
        "/api/1/entities",
    ):
        english, korean = (client.get(path, headers={"Accept-Language": tag}) for tag in ("en", "ko"))
        assert english.status_code == 200, path
        assert english.content == korean.content, path
        assert "North Korea" in english.text, path
        assert "accept-language" not in english.headers.get("vary", "").lower()


def test_an_address_may_name_the_language_and_its_links_keep_it(client: TestClient) -> None:
    for path in ("/", "/countries/KP", "/incidents", f"/incidents/{KP_ID}"):
        text = get(client, f"{path}?language=ko", "ar")
        assert KOREAN in text
        assert ARABIC not in text
        links = [e.attrs for e in Page(text).all]
        for attrs in links:
            for name in ("href", "hx-get"):
                address = attrs.get(name, "")
                if (
                    re.match(r"/($|\?|incidents|countries|asns|about)", address)
                    and "/revisions/" not in address
                ):
                    inside = f"/incidents/{KP_ID}" in path and attrs.get("rel") is None
                    assert "language=ko" in address or inside, (path, address)
    # What a browser chose goes into no link.
    assert "language=ko" not in get(client, "/countries/KP", "ko").replace("/names.json?language=ko", "")
    assert '<input type="hidden" name="language" value="ko">' in get(client, "/?language=ko")


def test_a_country_is_found_by_english_name_own_name_and_code(client: TestClient) -> None:
    for words in ("KP", "kp", "North Korea", "Nordkorea", " nordkorea "):
        answer = client.get(
            "/countries", params={"name": words}, headers={"Accept-Language": "de"}, follow_redirects=False
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/countries/KP"), words
    kept = client.get("/countries?name=북한&language=ko", follow_redirects=False)
    assert kept.headers["location"] == "/countries/KP?language=ko"
    # In yet another language: not silently, but with the code that was meant.
    assert "Did you mean KP (North Korea)?" in get(client, "/countries?name=북한", "de", 400)
    found = get(client, "/incidents?code=Nordkorea", "de")
    assert KP_ID in found


def test_the_maps_names(client: TestClient) -> None:
    said = client.get("/names.json?language=zh-Hant").json()
    assert said["language"] == "zh-Hant"
    assert said["names"]["KP"] == "北韓"
    assert len(said["names"]) == 250
    page = Page(get(client, "/", "ko"))
    world = next(e for e in page.all if e.attrs.get("id") == "world")
    assert world.attrs["data-names"] == "/names.json?language=ko"


@pytest.mark.parametrize(
    "tag",
    ["../../etc/passwd", "%00", "de%00", "x" * 5_000, "<script>alert(1)</script>", "xx", "de-XX", "%F0%9F"],
)
@pytest.mark.parametrize("path", ["/", "/countries/KP", "/names.json", f"/incidents/{KP_ID}"])
def test_a_language_that_does_not_exist_is_told_as_a_page(client: TestClient, path: str, tag: str) -> None:
    text = get(client, f"{path}?language={tag}", status=400)
    assert "o language has the tag" in text
    assert "<script>alert" not in text
    assert "\0" not in text
    assert len(text) < 10_000


@pytest.mark.parametrize(
    "header", ["../../etc/passwd", "x" * 5_000, "<b>;q=1", "de" * 3_000, ",".join(["xx"] * 900), "ko;q=2"]
)
def test_what_a_browser_sends_is_never_refused(client: TestClient, header: str) -> None:
    assert "North Korea" in get(client, "/countries/KP", header)


def test_the_readers_names_are_escaped(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "<img src=x onerror=alert(1)>&"
    names = dict.fromkeys(client.get("/names.json").json()["names"], evil)
    monkeypatch.setattr("nightside.world.names.country_names", lambda language="en": names)
    for path in ("/", "/countries/KP", "/incidents", f"/incidents/{KP_ID}"):
        text = get(client, path, "ko")
        assert "<img src=x" not in text
        assert "&lt;img src=x onerror=alert(1)&gt;" in text
