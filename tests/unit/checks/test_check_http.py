"""http against a real server: pages, redirects, certificates, both families."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from check_probe import USER_AGENT, FixedNames, kept_to_bounds, probe, target
from free_port import free_port
from nginx_server import PAGE, Nginx

from nightside.checks import connection
from nightside.checks.addresses import why_private
from nightside.checks.http import check_http
from nightside.checks.probe import Probe
from nightside.model.check import CheckResult, Family


def checked(where: str, family: Family = 4, through: Probe | None = None, **expects: Any) -> CheckResult:
    results = asyncio.run(check_http(target("http", where, **expects), family, through or probe()))
    assert len(results) == 1
    return kept_to_bounds(results[0])


def test_a_page_is_read_and_each_phase_is_timed(web: Nginx) -> None:
    result = checked(f"http://127.0.0.1:{web.port}/", expect_text="조선중앙통신 says")
    assert (result.outcome, result.failed_in, result.detail) == ("ok", None, None)
    assert (result.address, result.family) == ("127.0.0.1", 4)
    assert result.facts["status"] == 200
    assert result.facts["body_bytes"] == len(PAGE.encode())
    assert result.facts["body_cut"] is False
    times = [result.resolve_ms, result.connect_ms, result.first_byte_ms]
    assert all(ms is not None and ms >= 0 for ms in times)
    assert result.tls_ms is None
    assert result.total_ms is not None
    assert result.total_ms >= sum(ms for ms in times if ms is not None)


def test_over_tls_with_a_certificate_that_holds(web: Nginx) -> None:
    result = checked(f"https://127.0.0.1:{web.tls['good']}/", expect_text="all is well")
    assert result.outcome == "ok"
    assert result.facts["protocol"].startswith("TLSv1.")
    assert result.tls_ms is not None


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_over_ipv6(web: Nginx, scheme: str) -> None:
    port = web.port if scheme == "http" else web.tls["good"]
    result = checked(f"{scheme}://[::1]:{port}/", family=6, expect_text="all is well")
    assert (result.outcome, result.address, result.family) == ("ok", "::1", 6)


def test_an_address_of_the_other_family_is_none(web: Nginx) -> None:
    result = checked(f"http://127.0.0.1:{web.port}/", family=6)
    assert (result.outcome, result.failed_in, result.address) == ("no_address", "resolve", None)


@pytest.mark.parametrize(
    ("which", "why"),
    [
        ("expired", "expired"),
        ("early", "not valid yet"),
        ("wrong_name", "wrong name"),
        ("self_signed", "self-signed"),
        ("stranger", "unknown issuer"),
    ],
)
def test_a_certificate_that_does_not_hold(web: Nginx, which: str, why: str) -> None:
    result = checked(f"https://127.0.0.1:{web.tls[which]}/")
    assert (result.outcome, result.failed_in, result.detail) == ("certificate", "tls", why)
    assert result.connect_ms is not None
    assert (result.tls_ms, result.first_byte_ms) == (None, None)
    assert "status" not in result.facts, "nothing was asked for over it"


def test_text_that_is_not_there(web: Nginx) -> None:
    result = checked(f"http://127.0.0.1:{web.port}/", expect_text="no such words")
    assert (result.outcome, result.failed_in) == ("wrong_content", "content")


def test_status(web: Nginx) -> None:
    page, none = f"http://127.0.0.1:{web.port}/", f"http://127.0.0.1:{web.port}/missing"
    result = checked(none)
    assert (result.outcome, result.detail) == ("wrong_status", "status 404 Not Found")
    assert result.first_byte_ms is not None, "it did answer"
    assert checked(none, expect_status=404).outcome == "ok"
    assert checked(page, expect_status=404).outcome == "wrong_status"


def test_a_page_that_is_longer_than_what_we_take(web: Nginx) -> None:
    big = f"http://127.0.0.1:{web.port}/big"
    result = checked(big)
    assert (result.outcome, result.facts["body_bytes"], result.facts["body_cut"]) == ("ok", 262_144, True)
    assert checked(big, expect_text="x" * 50).outcome == "ok"
    result = checked(big, expect_text="the end")
    assert (result.outcome, result.failed_in) == ("too_long", "content")


def test_we_say_who_we_are_and_nothing_else(web: Nginx) -> None:
    result = checked(
        f"http://name:password@127.0.0.1:{web.port}/agent", expect_text=f"{USER_AGENT}|||identity"
    )
    assert result.outcome == "ok"


def test_nobody_listens() -> None:
    result = checked(f"http://127.0.0.1:{free_port()}/")
    assert (result.outcome, result.failed_in, result.address) == ("refused", "connect", "127.0.0.1")


def test_a_redirect_is_followed(web: Nginx) -> None:
    result = checked(f"http://127.0.0.1:{web.port}/to/page", expect_text="all is well")
    assert result.outcome == "ok"
    assert result.facts["redirects"] == [f"http://127.0.0.1:{web.port}/"]
    assert result.facts["status"] == 200


def test_a_redirect_that_is_expected_is_not_followed(web: Nginx) -> None:
    result = checked(f"http://127.0.0.1:{web.port}/to/page", expect_status=301)
    assert (result.outcome, result.facts["status"]) == ("ok", 301)
    assert "redirects" not in result.facts


@pytest.mark.parametrize(("path", "redirects"), [("here", 1), ("there", 2), ("../far/1", 6)])
def test_redirects_without_end(web: Nginx, path: str, redirects: int) -> None:
    result = checked(f"http://127.0.0.1:{web.port}/to/{path}")
    assert (result.outcome, result.failed_in) == ("redirect_loop", "content")
    assert len(result.facts["redirects"]) == redirects


def test_redirects_to_other_ports_and_schemes_are_not_followed(web: Nginx) -> None:
    result = checked(f"http://127.0.0.1:{web.port}/to/ssh")
    assert (result.outcome, result.detail) == ("held_back", "redirected to port 22: http://127.0.0.1:22/")
    result = checked(f"http://127.0.0.1:{web.port}/to/file")
    assert (result.outcome, result.detail) == ("bad_answer", "redirects to what is not http or https: file")


def test_a_redirect_into_private_space_is_refused(web: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    # The server of the test stands for one of the Internet; what it leads to is judged as ever.
    monkeypatch.setattr(connection, "why_private", lambda a: None if a == "127.0.0.1" else why_private(a))
    away = f"http://127.0.0.1:{web.port}/away?to="
    names = FixedNames({"www.example.kp": [["10.1.2.3"]]})
    for where, at in [
        (f"http://127.0.0.1:{web.port}/to/name", "10.1.2.3"),
        (f"{away}http://169.254.169.254/latest/", "169.254.169.254"),
        (f"{away}http://127.0.0.2/", "127.0.0.2"),
    ]:
        result = checked(where, through=probe(names=names, allow_private=False))
        assert (result.outcome, result.failed_in) == ("private_address", "resolve")
        assert at in (result.detail or "")


def test_a_name_that_changes_its_mind_is_asked_once(web: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "why_private", lambda a: None if a == "127.0.0.1" else why_private(a))
    names = FixedNames({"www.example.kp": [["127.0.0.1"], ["10.1.2.3"]]})
    where = f"http://www.example.kp:{web.port}/"
    result = checked(where, through=probe(names=names, allow_private=False))
    assert (result.outcome, result.address, names.asked) == ("ok", "127.0.0.1", ["www.example.kp"])
    again = checked(where, through=probe(names=names, allow_private=False))
    assert again.outcome == "private_address"


def test_private_targets_are_refused_unless_allowed(web: Nginx) -> None:
    result = checked(f"http://127.0.0.1:{web.port}/", through=probe(allow_private=False))
    assert (result.outcome, result.detail) == ("private_address", "127.0.0.1 is at 127.0.0.1: loopback")
    assert result.address is None


def test_the_next_address_is_tried_where_one_refuses(web: Nginx) -> None:
    names = FixedNames({"www.example.kp": [["127.0.0.9", "127.0.0.1"]]})
    result = checked(f"http://www.example.kp:{web.port}/", through=probe(names=names))
    assert (result.outcome, result.address) == ("ok", "127.0.0.1")


def test_what_is_no_web_address_is_not_tried() -> None:
    result = checked("gopher://www.example.kp/")
    assert (result.outcome, result.failed_in) == ("not_possible", "resolve")


def test_hundreds_at_once(web: Nginx) -> None:
    async def all_of_them() -> list[list[CheckResult]]:
        through, where = probe(), target("http", f"http://127.0.0.1:{web.port}/")
        return await asyncio.gather(*(check_http(where, 4, through) for _ in range(400)))

    outcomes = {result.outcome for results in asyncio.run(all_of_them()) for result in results}
    assert outcomes == {"ok"}
