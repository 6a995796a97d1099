"""The pages as the server sends them: what they say, what they refuse, how they are kept."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from page_reading import Page
from starlette.testclient import TestClient
from web_store import KP_ID

PATHS = ("/", "/countries/KP", "/asns/131279", "/incidents", f"/incidents/{KP_ID}", "/about")


def page(client: TestClient, path: str, status: int = 200) -> Page:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


@pytest.mark.parametrize("path", [*PATHS, f"/incidents/{KP_ID}/revisions/1"])
def test_a_page_is_sound_html_and_asks_nobody_else(client: TestClient, path: str) -> None:
    found = page(client, path)
    assert [e.tag for e in found.of("h1")] == ["h1"]
    ids = [e.attrs["id"] for e in found.all if "id" in e.attrs]
    assert len(ids) == len(set(ids))
    for element in found.all:
        assert "style" not in element.attrs
        assert not any(name.startswith("on") for name in element.attrs)
        if element.tag in ("script", "link", "img"):
            assert element.attrs.get("src", element.attrs.get("href", "")).startswith("/")
    assert all(script.attrs.get("src") for script in found.of("script"))


@pytest.mark.parametrize("path", PATHS)
def test_what_a_browser_has_is_not_sent_again(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_files_may_be_kept_for_good_and_an_old_address_gives_todays(client: TestClient) -> None:
    own = next(e.attrs["src"] for e in page(client, "/").of("script") if e.attrs["src"].endswith("/map.js"))
    answer = client.get(own)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    old = client.get(re.sub("/static/[0-9a-f]+/", "/static/0123456789ab/", own))
    assert old.content == answer.content
    assert old.headers["cache-control"] == "no-cache"


def test_every_module_that_a_script_imports_is_there(client: TestClient) -> None:
    for path in ("/", "/countries/KP"):
        for script in page(client, path).of("script"):
            seen, todo = set(), [script.attrs["src"]]
            while todo:
                address = todo.pop()
                answer = client.get(address)
                assert answer.status_code == 200, address
                assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
                seen.add(address)
                folder = address.rpartition("/")[0]
                todo += {
                    f"{folder}/{name}" for name in re.findall(r'from "\./([a-z_]+\.js)"', answer.text)
                } - seen


@pytest.mark.parametrize(
    "name",
    ["../pages.py", "..%2Fpages.py", "%2e%2e/pages.py", "vendor/uplot/LICENSE", "", "no.css", "vendor/"],
)
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    answer = client.get(f"/static/x/{name}")
    assert answer.status_code == 404
    assert "router" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/countries/XX", 404, "no country has the code 'XX'"),
        ("/countries/norway", 404, "Did you mean NO"),
        ("/countries?name=atlantis", 400, "no country has the code 'atlantis'"),
        ("/countries/KP?from=yesterday", 400, "from"),
        ("/countries/KP?from=2014-12-23&to=2014-12-22", 400, "is not before"),
        ("/countries/KP?from=1990-01-01&to=2014-12-22", 413, "one answer covers"),
        ("/asns/4294967296", 400, "no AS has the number"),
        ("/asns/AS", 400, "cannot be asked"),
        ("/incidents/KP-20001231T0000Z", 404, "no incident"),
        (f"/incidents/{KP_ID}/revisions/99", 404, "no revision 99"),
        ("/incidents/nonsense", 400, "cannot be asked"),
        ("/incidents?severity=worst", 400, "cannot be asked"),
        ("/incidents?from=2014-12-23&to=2014-12-22", 400, "is not before"),
        ("/incidents?cursor=zzz", 400, "not a cursor"),
        ("/?at=never", 400, "cannot be asked"),
        ("/nothing", 404, "no such page"),
    ],
)
def test_what_cannot_be_shown_is_told_as_a_page(
    client: TestClient, path: str, status: int, words: str
) -> None:
    found = page(client, path, status)
    assert words.casefold() in found.text.casefold()
    assert found.of("nav")


def test_a_country_is_found_by_name_code_and_in_any_case(client: TestClient) -> None:
    for name in ("north korea", "KP", " kp ", "North%20Korea"):
        answer = client.get(f"/countries?name={name}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/countries/KP")


def test_the_list_follows_its_filters_and_goes_on(client: TestClient) -> None:
    def ids(path: str) -> list[str]:
        links = [unquote(e.attrs["href"]) for e in page(client, path).of("a") if e.within("h3")]
        return [link.removeprefix("/incidents/") for link in links]

    every = ids("/incidents")
    # The store of the tests holds eight; none is merged.
    assert len(every) == 8
    assert ids("/incidents?code=AS131279") == ids("/incidents?type=asn") == ["AS131279-20141222T1615Z"]
    assert ids("/incidents?code=north+korea") == [KP_ID, "KP-20141213T0000Z"]
    assert ids("/incidents?type=&code=&severity=&status=&from=&to=&cursor=") == every
    assert ids("/incidents?status=ongoing") == ["SY-20141224T0000Z"]
    assert ids("/incidents?to=2014-12-13") == ["SY-20141202T0000Z", "SY-20141112T0000Z"]
    assert ids("/incidents?code=%22%3E%3Cscript%3E") == []


def test_what_is_going_on_is_the_headline(client: TestClient) -> None:
    found = page(client, "/")
    assert "Syria" in found.of("h1")[0].text
    # Three countries have samples; see web_store.
    assert "3 countries watched" in found.text


def test_a_country_nobody_watches_is_not_called_up(client: TestClient) -> None:
    found = page(client, "/countries/FR")
    assert "Not watched here" in found.text
    assert "charts" not in {e.attrs.get("id") for e in found.all}
