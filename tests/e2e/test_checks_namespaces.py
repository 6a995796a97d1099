"""A country of real servers behind real routers, checked from three places: what breaks is found, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import checked_country
import pytest
from checked_country import MFA, PLACES, SERVERS
from checked_scene import PHASE_S, ROUND_S, URL, Scene, checks_scene, shorter

from nightside.engine.tokens import allow
from nightside.model.services import Finding, PartCourse, Services

WHY = checked_country.missing()
pytestmark = [pytest.mark.skipif(WHY is not None, reason=str(WHY)), pytest.mark.xdist_group("timed")]
SOON_S = 3 * ROUND_S
"""What breaks, or works again, is known after two rounds, and whatever a round takes."""
LONGEST_S = 1.5 * PHASE_S
"""A check that began so long before may still have found it mended."""
ROUNDS = 3
"""So many rounds it stays broken where it is one place's own affair: down is known after two."""
LATE_S = 1.5 * ROUND_S
"""A place is heard of everything once a round; what it said holds for two and a half."""
OUTAGE_ROUNDS = 4
"""And so many where it is the country's: what a word of a place outlasts is none."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with checks_scene(tmp_path_factory.mktemp("country")) as built:
        yield built


def kinds(services: Services) -> list[str]:
    return sorted(finding.kind for finding in services.findings)


def the(services: Services, kind: str) -> Finding:
    (found,) = [finding for finding in services.findings if finding.kind == kind]
    return found


def verdicts(scene: Scene, services: Services, begin: float, without: str) -> set[str]:
    """Of all parts, at any time; but of the path, which is looked at seldom.

    Down and unknown are left out where another place than `without` had found the part, or a canary, well for the last
    time a round and a half before: this machine had so much else to do that it came late, or ran out of time.
    """
    told: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    canaries: set[tuple[str, str, str, str]] = set()
    for country in ("KP", ""):
        for row in scene.rows(begin - 10 * ROUND_S, country=country):
            if row["outcome"] == "ok":
                key = row["place"], row["kind"], row["target"], row["part"] if row["kind"] == "dns" else ""
                told[key].append(row["at"].timestamp())
                canaries |= {key} if country == "" else set()

    def late(part: PartCourse, second: int) -> bool:
        own = {(p, part.kind, part.target, part.part if part.kind == "dns" else "") for p in PLACES}
        return any(
            max((at for at in told[key] if at <= second + 1), default=0.0) < second - LATE_S
            for key in own | canaries
            if key[0] != without
        )

    return {
        word
        for part in services.parts
        if part.kind != "trace"
        for second, word in part.steps
        if word == "up" or not late(part, second)
    }


def told_from_to(found: Finding, broken: float, mended: float) -> str:
    """It is told from when that broke until when it was mended, in whole seconds; how much later, in words."""
    assert broken - 1 <= found.begin <= broken + SOON_S
    assert found.end is not None
    assert mended - 1 <= found.end <= mended + SOON_S + ROUND_S
    return f"{found.kind}: told {found.begin - broken:+.1f} s after it broke, over {found.end - mended:+.1f} s after"


def test_routes_up_and_servers_stopped(scene: Scene, measured: Callable[[str], None]) -> None:
    begin = scene.begin()
    stopped = time.time()
    scene.country.stop(*SERVERS)
    scene.after_rounds(OUTAGE_ROUNDS)
    scene.country.start(*SERVERS)
    started = time.time()
    end = scene.calm()
    services = scene.judged(begin, end)
    assert kinds(services) == ["services_down_routes_up"]
    found = services.findings[0]
    measured(told_from_to(found, stopped, started))
    assert found.facts["services"] == ["mail", "names", "sites"]
    assert found.rests_on == list(PLACES)
    assert scene.units(begin, end) == {4}


def test_one_places_own_line_cut(scene: Scene) -> None:
    begin = scene.begin()
    scene.country.cut_off("tokyo")
    cut = time.time()
    scene.after_rounds(ROUNDS)
    assert not [row for row in scene.rows(cut + ROUND_S) if row["place"] == "tokyo"]
    joined = time.time()
    scene.country.join("tokyo")
    end = scene.calm()
    services = scene.judged(begin, end)
    assert kinds(services) == ["place_lost"]
    found = services.findings[0]
    assert found.rests_on == ["tokyo"]
    assert found.facts["why"] == "lost"
    assert verdicts(scene, services, begin, "tokyo") == {"up"}
    # What it found meanwhile waited on its disk, and is there now.
    waited = [row for row in scene.rows(cut + ROUND_S, joined - LONGEST_S) if row["place"] == "tokyo"]
    assert len(waited) >= 10
    assert "ok" not in {row["outcome"] for row in waited}


def test_routes_cut(scene: Scene, measured: Callable[[str], None]) -> None:
    begin = scene.begin()
    cut = scene.country.net.cut("transit", "home")
    scene.after_rounds(OUTAGE_ROUNDS)
    mended = scene.country.net.mend("transit", "home")
    end = scene.calm()
    services = scene.judged(begin, end)
    assert kinds(services) == ["services_down_routes_down"]
    found = services.findings[0]
    measured(told_from_to(found, cut, mended))
    assert found.rests_on == list(PLACES)
    assert scene.units(begin, end) == {0, 4}


def test_the_resolver_of_one_place_is_dead(scene: Scene) -> None:
    begin = scene.begin()
    scene.country.stop("resolver of berlin")
    dead = time.time()
    scene.after_rounds(ROUNDS)
    back = time.time()
    scene.country.start_resolver("berlin")
    services = scene.judged(begin, scene.calm())
    failed = [
        r
        for r in scene.rows(dead + ROUND_S, back - LONGEST_S)
        if r["place"] == "berlin" and r["outcome"] != "ok"
    ]
    assert {(row["kind"], row["failed_in"]) for row in failed} == {("http", "resolve"), ("smtp", "resolve")}
    assert kinds(services) == []
    assert verdicts(scene, services, begin, "berlin") == {"up"}


def test_path_dead_behind_steady_routes(scene: Scene, measured: Callable[[str], None]) -> None:
    begin = scene.begin()
    scene.country.swallow("transit")
    dead = time.time()
    scene.after_rounds(OUTAGE_ROUNDS + 1)
    scene.country.swallow_no_more("transit")
    alive = time.time()
    end = scene.calm()
    services = scene.judged(begin, end)
    assert kinds(services) == ["path_dead_routes_up"]
    measured(told_from_to(services.findings[0], dead, alive))
    assert scene.units(begin, end) == {4}


def test_one_place_alone_cannot_get_there(scene: Scene) -> None:
    begin = scene.begin()
    scene.country.swallow("lima")
    wrong = time.time()
    scene.after_rounds(ROUNDS)
    right = time.time()
    scene.country.swallow_no_more("lima")
    services = scene.judged(begin, scene.calm())
    told = {
        row["outcome"] for row in scene.rows(wrong + ROUND_S, right - LONGEST_S) if row["place"] == "lima"
    }
    assert "ok" not in told
    assert kinds(services) == []
    assert verdicts(scene, services, begin, "lima") == {"up"}


def test_slow_recovery_mail_first(scene: Scene) -> None:
    """Resolvers still know the names: mail is back before the name servers, and the sites come one by one."""
    begin = scene.begin()
    scene.country.stop(*SERVERS)
    scene.after_rounds(3)
    scene.country.start("mail")
    mail = time.time()
    time.sleep(shorter().first_lead_s + SOON_S)
    scene.country.start("ns1")
    scene.country.start("kcna", "mfa")
    # The last two stand behind a line that lets nothing through, and then is slow.
    scene.country.slow_link(0.0, 1.0)
    scene.country.start("ns2", "rodong")
    scene.after_rounds(2)
    scene.country.slow_link(0.2, 0.0)
    slow = time.time()
    end = scene.calm()
    services = scene.judged(begin, end)
    assert kinds(services) == ["mail_first", "services_down_routes_up", "slow_return"]
    assert mail - 1 <= the(services, "mail_first").begin <= mail + SOON_S
    found = the(services, "slow_return")
    assert found.begin == the(services, "mail_first").begin
    assert found.end is not None
    assert slow - 1 <= found.end <= slow + SOON_S + ROUND_S
    late = [r for r in scene.rows(slow) if r["target"] == "Rodong Sinmun"]
    assert late
    assert all(row["total_ms"] >= 200 for row in late)
    whole = services.returns[0]
    assert (whole.scope, whole.before, whole.lowest) == ("country", 8, 0)


def test_the_program_itself_from_a_place_of_its_own(scene: Scene) -> None:
    """`nightside check FILE --once --agent URL`, as anybody would start it."""
    scene.tokens["osaka"] = allow(scene.store, "osaka", "checks")
    folder = scene.folder / "osaka" / "nightside" / "targets"
    folder.mkdir(parents=True)
    scene.canaries.rename(folder / "canaries.toml")
    words = ["-m", "nightside", "check", str(scene.targets), "--once", "--json", "--agent", URL]
    done = subprocess.run(
        [*scene.country.inside("berlin"), sys.executable, *words],
        env=scene.environment("osaka"), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["outcome"] for row in told} == {"ok"}, [row for row in told if row["outcome"] != "ok"]
    (trace,) = [row for row in told if row["kind"] == "trace"]
    assert [hop[1] for hop in trace["facts"]["hops"]][-1] == MFA
    assert trace["facts"]["reached"] is True
    stored = [row for row in scene.rows(time.time() - 60) if row["place"] == "osaka"]
    assert len(stored) == len([row for row in told if row["country"] == "KP"])
