"""tls and tcp against a real server."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from certificate_authority import Credentials
from check_probe import QUICK, FixedNames, kept_to_bounds, open_files, probe, target
from cryptography.hazmat.primitives import hashes
from free_port import free_port
from nginx_server import Nginx
from tests.conftest import missing

from nightside.checks.certificates import certificate_facts
from nightside.checks.probe import Probe
from nightside.checks.tcp import check_tcp
from nightside.checks.tls import check_tls
from nightside.model.check import CheckResult, Family

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def checked(
    port: int, where: str = "127.0.0.1", family: Family = 4, through: Probe | None = None
) -> CheckResult:
    through = through or probe(now=NOW.timestamp)
    (result,) = asyncio.run(check_tls(target("tls", where, port=port), family, through))
    return kept_to_bounds(result)


@pytest.mark.parametrize(("where", "family"), [("127.0.0.1", 4), ("::1", 6)])
def test_the_facts_of_a_certificate(
    web: Nginx, credentials: dict[str, Credentials], where: str, family: Family
) -> None:
    result = checked(web.tls["good"], where, family)
    assert (result.outcome, result.address, result.family) == ("ok", where, family)
    assert result.tls_ms is not None
    assert result.first_byte_ms is None
    made, told = credentials["good"].made, result.facts["certificate"]
    assert told["fingerprint_sha256"] == made.fingerprint(hashes.SHA256()).hex()
    assert int(told["serial"], 16) == made.serial_number
    assert (told["subject"], told["issuer"]) == ("CN=127.0.0.1", "CN=The tests' authority")
    assert (told["names"], told["names_count"]) == (["127.0.0.1", "::1"], 2)
    assert datetime.fromisoformat(told["not_after"]) == made.not_valid_after_utc
    assert datetime.fromisoformat(told["not_before"]) == made.not_valid_before_utc
    assert told["days_left"] == (made.not_valid_after_utc - NOW).days
    assert result.facts["protocol"] in ("TLSv1.2", "TLSv1.3")
    assert result.facts["cipher"]


def test_a_certificate_of_the_last_century(web: Nginx) -> None:
    result = checked(web.tls["expired"])
    assert (result.outcome, result.failed_in, result.detail) == ("certificate", "tls", "expired")
    told = result.facts["certificate"]
    assert (told["not_before"], told["not_after"]) == ("1999-01-01T00:00:00Z", "2000-01-01T00:00:00Z")
    # 27 years with 7 leap days (2000, 2004 … 2024) to the end of 2026, without its last 40 days; and half a day.
    assert told["days_left"] == -(27 * 365 + 7 - 40) - 1
    assert result.tls_ms is None


@pytest.mark.parametrize(
    ("which", "why", "subject"),
    [
        ("early", "not valid yet", "CN=127.0.0.1"),
        ("wrong_name", "wrong name", "CN=www.elsewhere.example"),
        ("self_signed", "self-signed", "CN=127.0.0.1"),
        ("stranger", "unknown issuer", "CN=127.0.0.1"),
    ],
)
def test_certificates_that_do_not_hold_are_shown(web: Nginx, which: str, why: str, subject: str) -> None:
    result = checked(web.tls[which])
    assert (result.outcome, result.detail) == ("certificate", why)
    assert result.facts["certificate"]["subject"] == subject


def test_hundreds_of_names_are_cut(web: Nginx) -> None:
    result = checked(web.tls["many_names"])
    assert result.outcome == "ok"
    told = result.facts["certificate"]
    assert (len(told["names"]), told["names_count"]) == (16, 502)
    assert max(map(len, told["names"])) <= 64


def test_a_port_without_tls(web: Nginx) -> None:
    result = checked(web.port)
    assert (result.outcome, result.failed_in) == ("tls_failed", "tls")
    assert "certificate" not in result.facts


def test_a_certificate_that_cannot_be_read_is_a_fact() -> None:
    told = certificate_facts(b"\x30\x03 no", 0.0)
    assert set(told) == {"unreadable", "fingerprint_sha256"}


def test_names_that_cannot_be_asked_for(web: Nginx) -> None:
    for name in ("a..b", "x" * 64 + ".kp", ".kp"):
        through = probe(names=FixedNames({name: [["127.0.0.1"]]}))
        assert checked(web.tls["good"], name, through=through).outcome in ("tls_failed", "certificate")


def test_tcp_connects_and_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        before = open_files()
        (result,) = asyncio.run(check_tcp(target("tcp", "127.0.0.1", port=port), 4, probe()))
        assert open_files() == before
        other, _ = server.accept()
        with other:
            other.settimeout(5)
            assert other.recv(1) == b"", "nothing is sent"
    assert (kept_to_bounds(result).outcome, result.address) == ("ok", "127.0.0.1")
    assert result.connect_ms is not None
    assert result.first_byte_ms is None


def test_tcp_where_nobody_listens_or_nobody_answers() -> None:
    port = free_port()
    (result,) = asyncio.run(check_tcp(target("tcp", "127.0.0.1", port=port), 4, probe()))
    assert (result.outcome, result.failed_in) == ("refused", "connect")
    # A queue of waiting connections that is full takes no more: what comes is dropped without a word.
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            (result,) = asyncio.run(check_tcp(target("tcp", "127.0.0.1", port=port), 4, probe(QUICK)))
    assert (result.outcome, result.failed_in) == ("timed_out", "connect")
    assert 450 < (result.total_ms or 0) < 2_000


NO_ROUTE = """
import asyncio, sys
from check_probe import probe, target
from nightside.checks.tcp import check_tcp
for where, family in (("192.0.2.7", 4), ("2001:db8::7", 6)):
    (result,) = asyncio.run(check_tcp(target("tcp", where, port=80), family, probe()))
    print(result.outcome, result.failed_in, result.detail, sep=",")
"""


def test_a_place_without_a_route_says_nothing_of_the_target() -> None:
    """In a network of its own with nothing in it."""
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False).returncode:
        missing("no network of one's own can be had here")
    support = str(Path(__file__).parents[2] / "support")
    done = subprocess.run(
        [*alone, sys.executable, "-W", "error", "-c", NO_ROUTE],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": support},
    )
    four, six = done.stdout.splitlines()
    assert four == "not_possible,connect,no route from here"
    assert six.startswith("not_possible,connect,"), "it may also say that it has no address to speak from"


def test_an_unreachable_target_is_told_as_such() -> None:
    # TCP to the broadcast address of a network that we do have is refused by the kernel with these words.
    (result,) = asyncio.run(check_tcp(target("tcp", "127.255.255.255", port=80), 4, probe()))
    assert (result.outcome, result.failed_in) == ("unreachable", "connect")


def test_tcp_needs_a_port() -> None:
    with pytest.raises(ValueError, match="without a port"):
        asyncio.run(check_tcp(target("tcp", "127.0.0.1"), 4, probe()))
