"""Places that hand in by HTTPS, against a real server: cut off, killed, shut out; nothing is lost, nothing is twice."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from certificate_authority import Authority, Credentials
from check_results import body, result
from free_port import free_port

from nightside.store.location import open_store

WAIT_S = 60
SUPPORT = Path(__file__).resolve().parents[1] / "support"
ENDLESS = 0


class Site:
    """A server's folder, its certificate, and the port at which it is, or is not."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.errors = folder, folder / "store", folder / "serve.err"
        (folder / "tls").mkdir()
        authority = Authority(folder / "tls")
        self.trusted = authority.file
        self.credentials: Credentials = authority.issue(["127.0.0.1", "localhost"])
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTSIDE")} | {
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "SSL_CERT_FILE": str(self.trusted),
            "NIGHTSIDE_STORE": str(self.store),
            "PYTHONPATH": str(SUPPORT),
        }

    def told(self, *words: str, code: int = 0) -> str:
        """`nightside WORD...`: what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "nightside", *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    def allow(self, name: str) -> str:
        return self.told("tokens", "--allow", name, "--scope", "checks").strip()

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        """`nightside serve --agents` within the block."""
        tls = self.credentials
        with self.errors.open("a") as errors:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "nightside", "serve", "--agents", "--port", str(self.port)),
                    *("--tls-cert", str(tls.certificate), "--tls-key", str(tls.key)),
                ],
                env=self.env,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == f"{self.url}/\n", self.errors.read_text()
            yield process
        finally:
            process.terminate()
            process.wait(WAIT_S)
            process.stdout.close()

    @contextmanager
    def agent(
        self, token: str, name: str = "agent", *, first: int = 0, count: int = 5, most: int = ENDLESS
    ) -> Iterator[subprocess.Popen[str]]:
        """A place whose checks are made up, within the block; what it says is in NAME.err, what it kept in NAME.out."""
        words = [self.url, str(self.folder / name), str(first), str(count), *([str(most)] if most else [])]
        with (self.folder / f"{name}.out").open("a") as out, (self.folder / f"{name}.err").open("a") as err:
            process = subprocess.Popen(
                [sys.executable, str(SUPPORT / "agent_at.py"), *words],
                env=self.env | {"NIGHTSIDE_AGENT_TOKEN": token},
                stdout=out,
                stderr=err,
                text=True,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait(WAIT_S)

    def kept(self, name: str = "agent") -> int:
        """All numbers below this one are on the agent's disk, or were handed in."""
        out = self.folder / f"{name}.out"
        return max(map(int, out.read_text().splitlines()), default=0) if out.exists() else 0

    def said(self, name: str = "agent") -> str:
        return (self.folder / f"{name}.err").read_text()

    def stored(self, place: str = "tokyo-1") -> Counter[int]:
        """How often each number of this place is in the store."""
        if not (self.store / "nightside.sqlite").exists():
            return Counter()
        with open_store(self.store, read_only=True) as store:
            rows = store.results("KP", 0, 1 << 32, columns=["place", "target"]).to_pylist()
        return Counter(int(row["target"][1:]) for row in rows if row["place"] == place)

    def until(self, condition: Any, what: str = "") -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline, f"{what}: never came"
            time.sleep(0.1)

    def post(self, token: str, content: bytes, **headers: str) -> httpx2.Response:
        given = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson", **headers}
        trusted = ssl.create_default_context(cafile=str(self.trusted))
        with httpx2.Client(verify=trusted, timeout=WAIT_S, trust_env=False) as client:
            return client.post(f"{self.url}/api/1/checks", content=content, headers=given)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


LIFE = 100_000
"""A place that starts anew numbers from the next multiple of this, since the last it kept it may not have told."""


def all_of_each_life_is_there(site: Site, lives: range) -> None:
    """What was kept is stored once; a few more may be, of which the word did not get out."""
    stored, told = site.stored(), list(map(int, (site.folder / "agent.out").read_text().split()))
    assert set(stored.values()) == {1}
    for life in lives:
        kept = [number for number in told if life * LIFE < number <= (life + 1) * LIFE]
        assert kept
        assert set(range(life * LIFE, max(kept))) <= set(stored)


def once_each(count: int) -> Counter[int]:
    return Counter(range(count))


def test_cut_off_and_back_all_is_there_once(site: Site) -> None:
    token = site.allow("tokyo-1")
    with site.agent(token, most=400) as agent:
        site.until(lambda: site.kept() >= 50, "kept while nobody is there")
        assert not site.stored()
        with site.up():
            site.until(lambda: len(site.stored()) >= 50, "handed in")
        before = site.kept()
        site.until(lambda: site.kept() >= min(before + 50, 400), "kept while cut off again")
        with site.up():
            assert agent.wait(WAIT_S) == 0
    assert site.kept() == 400
    assert site.stored() == once_each(400)
    assert site.said().count("cannot be reached") >= 1
    assert "results are taken again" in site.said()
    assert "wait in" not in site.said()


def test_both_killed_at_any_moment_nothing_is_lost_and_nothing_twice(site: Site) -> None:
    token, chance = site.allow("tokyo-1"), random.Random(5)
    for life in range(1, 5):
        with site.up() as server, site.agent(token, first=life * LIFE) as agent:
            site.until(lambda begin=life * LIFE: site.kept() > begin, "kept")  # type: ignore[misc]
            time.sleep(chance.uniform(0.0, 0.6))
            (agent if chance.random() < 0.5 else server).send_signal(signal.SIGKILL)
            time.sleep(chance.uniform(0.0, 0.3))
            agent.send_signal(signal.SIGKILL)
    with site.up(), site.agent(token, first=5 * LIFE, most=5) as agent:
        assert agent.wait(WAIT_S) == 0
    all_of_each_life_is_there(site, range(1, 6))


def test_a_wrong_token_is_told_and_results_wait_for_the_right_one(site: Site) -> None:
    token = site.allow("tokyo-1")
    wrong = token[:-43] + "A" * 43
    with site.up():
        with site.agent(wrong) as agent:
            site.until(lambda: "wrong or revoked" in site.said(), "told")
            site.until(lambda: site.kept() >= 40, "kept all the same")
            agent.send_signal(signal.SIGKILL)
        assert not site.stored()
        with site.agent(token, first=LIFE, most=5) as agent:
            assert agent.wait(WAIT_S) == 0
    all_of_each_life_is_there(site, range(2))
    assert wrong not in site.said() + site.errors.read_text()


def test_revoked_while_it_runs_it_is_shut_out_until_it_has_another(site: Site) -> None:
    token = site.allow("tokyo-1")
    with site.up():
        with site.agent(token) as agent:
            site.until(lambda: len(site.stored()) >= 20, "handed in")
            site.told("tokens", "--revoke", "tokyo-1", "--scope", "checks")
            site.until(lambda: "wrong or revoked" in site.said(), "told")
            had = len(site.stored())
            time.sleep(1.0)
            assert len(site.stored()) == had
            agent.send_signal(signal.SIGKILL)
        again = site.told("tokens", "--revoke", "tokyo-1", "--scope", "checks", code=2)
        assert "no token for checks that could be revoked" in again
        with site.agent(site.allow("tokyo-1"), first=LIFE, most=5) as agent:
            assert agent.wait(WAIT_S) == 0
    all_of_each_life_is_there(site, range(2))
    places = [json.loads(line) for line in site.told("tokens", "--json").splitlines()]
    assert [(p["name"], p["revoked"] is None, p["heard"] is not None) for p in places] == [
        ("tokyo-1", False, True),
        ("tokyo-1", True, True),
    ]


def test_two_at_once_while_everybody_reads(site: Site) -> None:
    tokens = {name: site.allow(name) for name in ("tokyo-1", "berlin")}
    with (
        site.up(),
        site.agent(tokens["tokyo-1"], "tokyo-1", count=20, most=600) as one,
        site.agent(tokens["berlin"], "berlin", count=20, most=600) as other,
    ):
        trusted = ssl.create_default_context(cafile=str(site.trusted))
        read: list[int] = []
        with httpx2.Client(base_url=site.url, verify=trusted, timeout=WAIT_S, trust_env=False) as client:
            while one.poll() is None or other.poll() is None:
                read.append(client.get("/api/1/incidents").status_code)
                time.sleep(0.05)
        assert (one.returncode, other.returncode) == (0, 0)
    assert set(read) == {200}
    assert site.stored("tokyo-1") == site.stored("berlin") == once_each(600)


def test_ten_thousand_in_one_go_and_again(site: Site, measured: Any) -> None:
    token = site.allow("tokyo-1")
    now = time.time() - 3_600
    lines = body(result(now + i / 10, target=f"t{i}") for i in range(10_000))
    with site.up():
        begun = time.perf_counter()
        first = site.post(token, gzip.compress(lines), **{"Content-Encoding": "gzip"})
        took_s = time.perf_counter() - begun
        again = site.post(token, gzip.compress(lines), **{"Content-Encoding": "gzip"})
    assert (first.status_code, first.json()["taken"], first.json()["known"]) == (200, 10_000, 0)
    assert (again.status_code, again.json()["taken"], again.json()["known"]) == (200, 0, 10_000)
    assert site.stored() == once_each(10_000)
    measured(f"10,000 results handed in at once: {took_s:.2f} s")
    assert took_s < 15


def test_what_is_hostile_is_refused_and_the_server_goes_on(site: Site) -> None:
    token = site.allow("tokyo-1")
    now = time.time()
    good = body([result(now)])
    with site.up():
        bomb = gzip.compress(b"\0" * (1 << 29), 9)
        assert site.post(token, bomb, **{"Content-Encoding": "gzip"}).status_code == 413
        assert site.post(token, b"{" * 1_000_000).status_code == 422
        assert site.post(token, b"\x00\xff\n" * 9_000).status_code == 422
        ahead = site.post(token, body([result(now + 86_400)]))
        assert (ahead.status_code, ahead.json()["refused_count"]) == (200, 1)
        assert "future" in ahead.json()["refused"][0]["why"]
        foreign = site.post(token, body([result(now, place="berlin")])).json()
        assert (foreign["taken"], foreign["refused_count"]) == (0, 1)
        answers = [site.post(token, good).json() for _ in range(3)]
        assert [(a["taken"], a["known"]) for a in answers] == [(1, 0), (0, 1), (0, 1)]
    assert site.stored("berlin") == Counter()
    errors = site.errors.read_text()
    assert "Traceback" not in errors
    assert "tokyo-1: its results are refused: it is of the future" in errors


def test_who_is_not_who_the_certificate_names_gets_nothing(site: Site) -> None:
    token = site.allow("tokyo-1")
    site.env["SSL_CERT_FILE"] = str(Authority(site.folder / "tls", "another").file)
    with site.up(), site.agent(token):
        site.until(lambda: "CERTIFICATE_VERIFY_FAILED" in site.said(), "told")
        site.until(lambda: site.kept() >= 20, "kept")
    assert not site.stored()


def test_a_store_that_is_full_takes_nothing_and_later_all(site: Site) -> None:
    token = site.allow("tokyo-1")
    with site.up() as server:
        # As a full disk: the process may write no file beyond what is there.
        subprocess.run(
            ["prlimit", "--pid", str(server.pid), "--fsize=1000:unlimited"], check=True, timeout=WAIT_S
        )
        refused = site.post(token, body([result(time.time())]))
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert not site.stored()
        subprocess.run(["prlimit", "--pid", str(server.pid), "--fsize=unlimited"], check=True, timeout=WAIT_S)
        assert site.post(token, body([result(time.time(), target="t0")])).json()["taken"] == 1
    assert site.stored() == once_each(1)
