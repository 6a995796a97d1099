"""What an archive has, by a broker and by its own folders, either of which may lack or promise too much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault, archive_server, without_proxies

from nightside.model.errors import DownloadError, InputError
from nightside.model.instants import parse
from nightside.sources.archive_listing import ArchiveListing
from nightside.sources.archive_paths import ArchiveKind, is_collector, months
from nightside.sources.directory_page import Entry, entries
from nightside.sources.endpoints import Endpoints
from nightside.sources.polite_http import Manners, PoliteClient

QUICK = Manners(tries=3, first_pause_s=0.01, longest_pause_s=0.02, jitter_s=0.01, silence_s=1)
LATER = parse("2020-01-01")

# Pages as both servers give them (bgpkit/bgpkit-broker, MIT, has them as test data).
NGINX = b"""<html>
<head><title>Index of /rrc00/2001.01/</title></head>
<body bgcolor="white">
<h1>Index of /rrc00/2001.01/</h1><hr><pre><a href="../">../</a>
<a href="bview.20010101.0609.gz">bview.20010101.0609.gz</a>                             01-Jan-2001 06:09     12M
<a href="updates.20010131.2236.gz">updates.20010131.2236.gz</a>                           31-Jan-2001 22:36     98K
<a href="updates.20010131.2251.gz">updates.20010131.2251.gz</a>                           31-Jan-2001 22:51     917
</pre><hr></body>
</html>
"""
APACHE = b"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><body>
  <table>
   <tr><th valign="top"><img src="/icons/blank.gif" alt="[ICO]"></th><th><a href="?C=N;O=D">Name</a></th></tr>
<tr><td><a href="/route-views.bdix/bgpdata/2022.10/">Parent Directory</a>       </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="updates.20221001.0000.bz2">updates.20221001.000..&gt;</a></td><td align="right">2022-10-01 00:00  </td><td align="right"> 14 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="rib.20221102.0000.bz2">rib.20221102.0000.bz2</a></td><td align="right">2022-11-02 02:13  </td><td align="right">1.5G</td><td>&nbsp;</td></tr>
</table></body></html>
"""  # noqa: E501 - a line of a real page


def at(clock: str, day: str = "2014-12-21") -> int:
    return parse(f"{day}T{clock}Z")


def stamp(second: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(second, UTC):%Y%m%d.%H%M}"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    without_proxies(monkeypatch)
    root = tmp_path / "server"
    ris = root / "rrc00" / "2014.12"
    ris.mkdir(parents=True)
    for second in range(at("00:00"), at("12:00"), 300):
        (ris / f"updates.{stamp(second)}.gz").touch()
    for clock in ("00:00", "08:00"):
        (ris / f"bview.{stamp(at(clock))}.gz").write_bytes(b"x" * 10240)
    for collector in ("", "route-views.sydney/"):
        for kind, word, cadence in (("UPDATES", "updates", 900), ("RIBS", "rib", 7200)):
            folder = root / f"{collector}bgpdata" / "2014.12" / kind
            folder.mkdir(parents=True)
            for second in range(at("00:00"), at("12:00"), cadence):
                (folder / f"{word}.{stamp(second)}.bz2").write_bytes(b"x" * 2048)
    with archive_server(root) as archive:
        yield archive


class Ask:
    """Asks a new listing for files and returns their names; what is warned of is kept."""

    def __init__(self, server: ArchiveServer) -> None:
        self.server, self.now, self.broker = server, LATER, True
        self.warned: list[str] = []

    def __call__(
        self, collector: str, kind: ArchiveKind, begin: str, end: str, day: str = "2014-12-21"
    ) -> list[str]:
        url = self.server.url
        broker = {"broker_url": f"{url}/broker"} if self.broker else {}
        places = Endpoints(ris_archive_url=url, routeviews_archive_url=url, **broker)  # type: ignore[arg-type]

        async def run() -> list[str]:
            async with PoliteClient(QUICK) as client:
                listing = ArchiveListing(client, places, self.warned.append, now=lambda: self.now)
                files = await listing.files(collector, kind, at(begin, day), at(end, day))
                assert all(file.url == f"{url}/{file.path}" for file in files)
                return [file.path for file in files]

        return asyncio.run(run())


@pytest.fixture
def ask(server: ArchiveServer) -> Ask:
    return Ask(server)


@pytest.mark.parametrize("broker", [True, False])
def test_each_archive_has_its_own_layout(ask: Ask, broker: bool) -> None:
    ask.broker = broker
    assert ask("rrc00", "updates", "00:00", "00:10") == [
        "rrc00/2014.12/updates.20141221.0000.gz",
        "rrc00/2014.12/updates.20141221.0005.gz",
    ]
    assert ask("rrc00", "table", "00:00", "09:00") == [
        "rrc00/2014.12/bview.20141221.0000.gz",
        "rrc00/2014.12/bview.20141221.0800.gz",
    ]
    assert ask("route-views2", "updates", "00:00", "00:16") == [
        "bgpdata/2014.12/UPDATES/updates.20141221.0000.bz2",
        "bgpdata/2014.12/UPDATES/updates.20141221.0015.bz2",
    ]
    assert ask("route-views.sydney", "table", "01:00", "04:01") == [
        "route-views.sydney/bgpdata/2014.12/RIBS/rib.20141221.0200.bz2",
        "route-views.sydney/bgpdata/2014.12/RIBS/rib.20141221.0400.bz2",
    ]
    assert ask.warned == []


def test_a_broker_that_knows_all_is_enough(ask: Ask, server: ArchiveServer) -> None:
    assert len(ask("rrc00", "updates", "00:00", "12:00")) == 144
    assert server.paths("/rrc00") == []
    assert server.paths("/broker") == ["/broker/search"]


def test_a_stale_broker_is_made_up_for_by_the_folder(ask: Ask, server: ArchiveServer) -> None:
    server.broker_until = at("03:00")
    assert len(ask("rrc00", "updates", "00:00", "12:00")) == 144
    assert server.paths("/rrc00") == ["/rrc00/2014.12/"]


def test_a_hole_of_the_broker_is_made_up_for_by_the_folder(ask: Ask, server: ArchiveServer) -> None:
    server.broker_lacks = {f"/rrc00/2014.12/updates.{stamp(at('05:00'))}.gz"}
    assert len(ask("rrc00", "updates", "00:00", "12:00")) == 144


def test_a_hole_of_both_is_a_hole(ask: Ask, server: ArchiveServer) -> None:
    (server.root / f"rrc00/2014.12/updates.{stamp(at('05:00'))}.gz").unlink()
    assert len(ask("rrc00", "updates", "00:00", "12:00")) == 143


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=404),
        Fault(status=403),
        Fault(refuse=True),
        Fault(content=b""),
    ],
)
def test_a_broker_that_is_down_is_said_once(ask: Ask, server: ArchiveServer, fault: Fault) -> None:
    server.always["/broker"] = fault if fault.content is None else Fault(cut_after=30)
    assert len(ask("rrc00", "updates", "00:00", "12:00")) == 144
    (said,) = ask.warned
    assert said.startswith(f"{server.url}/broker/search")
    assert said.endswith("the archives' own lists are used")


def test_the_newest_that_nobody_lists_is_asked_for_by_name(ask: Ask, server: ArchiveServer) -> None:
    late = [f"/rrc00/2014.12/updates.{stamp(second)}.gz" for second in range(at("11:45"), at("12:00"), 300)]
    server.unlisted = set(late)
    server.broker_until = at("11:45")
    ask.now = at("12:01")
    assert ask("rrc00", "updates", "11:00", "12:30")[-3:] == [path[1:] for path in late]
    # The one of 12:00 cannot be there yet.
    assert server.paths("/rrc00", "HEAD") == late


def test_asking_by_name_ends_with_the_first_that_is_not_there(ask: Ask, server: ArchiveServer) -> None:
    assert len(ask("rrc00", "updates", "11:00", "23:00")) == 12
    assert server.paths("/rrc00", "HEAD") == [f"/rrc00/2014.12/updates.{stamp(at('12:00'))}.gz"]


def test_nothing_is_asked_of_the_future(ask: Ask, server: ArchiveServer) -> None:
    ask.now = at("12:04")
    assert len(ask("rrc00", "updates", "00:00", "23:00")) == 144
    assert server.paths("/rrc00") + server.paths("/rrc00", "HEAD") == []


def test_a_window_over_the_end_of_a_month_reads_both(ask: Ask, server: ArchiveServer) -> None:
    january = server.root / "rrc00" / "2015.01"
    january.mkdir()
    (january / "updates.20150101.0000.gz").touch()
    (server.root / "rrc00/2014.12/updates.20141231.2355.gz").touch()
    ask.broker = False
    begin, end = parse("2014-12-31T23:50Z"), parse("2015-01-01T00:04Z")
    assert list(months(begin, end)) == [(begin, parse("2015-01-01")), (parse("2015-01-01"), end)]
    found = ask("rrc00", "updates", "23:50", "23:59", day="2014-12-31")
    assert found == ["rrc00/2014.12/updates.20141231.2355.gz"]
    assert ask("rrc00", "updates", "00:00", "00:04", day="2015-01-01") == [
        "rrc00/2015.01/updates.20150101.0000.gz"
    ]


def test_an_archive_that_is_down_is_an_error(ask: Ask, server: ArchiveServer) -> None:
    ask.broker = False
    server.always["/rrc00"] = Fault(status=503)
    with pytest.raises(DownloadError, match=r"answers 503 .*\(tried 3 times\)"):
        ask("rrc00", "updates", "00:00", "12:00")


def test_an_unknown_collector_is_named(server: ArchiveServer) -> None:
    async def run() -> None:
        async with PoliteClient(QUICK) as client:
            listing = ArchiveListing(client, Endpoints(ris_archive_url=server.url), lambda _: None)
            await listing.require("rrc00")
            await listing.require("rrc77")

    with pytest.raises(InputError, match=r"rrc77: .* has no collector of this name"):
        asyncio.run(run())


def test_pages_of_both_servers_are_read() -> None:
    assert entries(NGINX) == [
        Entry("../", None),
        Entry("bview.20010101.0609.gz", 12 * 1024 * 1024),
        Entry("updates.20010131.2236.gz", 98 * 1024),
        Entry("updates.20010131.2251.gz", 917),
    ]
    assert entries(APACHE)[-2:] == [
        Entry("updates.20221001.0000.bz2", 14),
        Entry("rib.20221102.0000.bz2", round(1.5 * 1024**3)),
    ]


@pytest.mark.parametrize(
    "page", [b"", b"\xff\xfe\x00<a href", b'<a href="http://[broken">x</a>', b"<a>x</a>"]
)
def test_a_page_that_is_none_has_no_files(page: bytes) -> None:
    assert entries(page) == []


@pytest.mark.parametrize("name", ["rrc00", "route-views2", "route-views.sydney", "amsix.ams", "ix-br.gru"])
def test_collectors_by_name(name: str) -> None:
    assert is_collector(name)


@pytest.mark.parametrize(
    "word", ["archive", "rrc0", "rrc000", "dump.mrt", "updates.20141222.1615.gz", "a/rrc00", ""]
)
def test_words_that_are_no_collectors(word: str) -> None:
    assert not is_collector(word)
