"""Text for people, by Apprise to a real mail server: words, links, groups, quiet hours, a server that is busy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from mailbox import Mailbox, mailbox
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from told_messages import message

from nightside.engine.channels import apprise_sender
from nightside.engine.channels.apprise_sender import AppriseSender
from nightside.engine.channels.outbox import Outbox
from nightside.engine.channels.trial import try_channel
from nightside.model.channel import Channel, Quiet, Route
from nightside.publish.channels.words import for_people, record_of

BASE = "https://nightside.example"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    # Between two mails it waits, which is fair and takes its time.
    monkeypatch.setattr(apprise_sender, "BETWEEN_S", 0.0)
    with mailbox() as found:
        yield found


def people(port: int, **more: Any) -> Channel:
    url = f"mailto://127.0.0.1:{port}?from=a@example.org&to=b@example.org&mode=insecure&format=text"
    made = Channel(
        "people", "apprise", url, route=Route(reconstructions=True), base_url=BASE, per_minute=None
    )
    return replace(made, **more)


class Play:
    """An outbox whose clock is set by hand."""

    def __init__(self, folder: Path, channel: Channel, at: datetime) -> None:
        self.now = at.timestamp()
        self.warnings: list[str] = []
        self.outbox = Outbox(
            folder,
            [channel],
            warn=self.warnings.append,
            wait=lambda: iter([0.05] * 1000),
            now=lambda: self.now,
        )

    def run(self, *steps: tuple[Any, Any] | Callable[[], bool] | datetime) -> None:
        """Put messages, wait until something is so, set the clock; all while it delivers."""

        async def main() -> None:
            task = asyncio.create_task(self.outbox.run())
            for step in steps:
                if isinstance(step, tuple):
                    await self.outbox.put(*step)
                elif isinstance(step, datetime):
                    self.now = step.timestamp()
                    self.outbox.deliveries[0].wake()
                else:
                    async with asyncio.timeout(10):
                        while not step():
                            await asyncio.sleep(0.02)
            assert not task.done()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

        with closing(self.outbox):
            asyncio.run(main())

    def is_idle(self) -> bool:
        return self.outbox.is_idle


def noon(day: int) -> datetime:
    return datetime(2026, 11, day, 12, tzinfo=BERLIN)


def test_a_mail_says_what_would_be_posted_and_links_to_the_page(tmp_path: Path, box: Mailbox) -> None:
    play = Play(tmp_path, people(box.port), noon(2))
    play.run(message(reconstruction=True), lambda: len(box.mails) == 1)
    assert box.mails[0]["Subject"] == "Reconstruction: North Korea is down"
    text = box.texts[0]
    assert text.startswith("A reconstruction, not a recording. North Korea's Internet is down")
    assert "15:55 UTC on 22 December 2014 (00:55 on the 23rd in Pyongyang, UTC+09:00)" in text
    assert text.rstrip().endswith(f"{BASE}/incidents/KP-20141222T1555Z")


def test_what_comes_at_once_is_one_mail_with_each_message_in_it_once(tmp_path: Path, box: Mailbox) -> None:
    play = Play(tmp_path, people(box.port, group_s=10), noon(2))
    many = [message(str(64500 + n), type="asn") for n in range(12)]
    play.run(*many, play.is_idle, noon(3), lambda: len(box.mails) == 1)
    assert box.mails[0]["Subject"] == "12 outages have begun"
    for n in range(12):
        assert box.texts[0].count(f"AS{64500 + n} ") == 1
    assert "15:55:00 UTC" in box.texts[0]


def test_a_server_that_is_busy_gets_it_again_and_nothing_secret_is_said(tmp_path: Path, box: Mailbox) -> None:
    box.refuses = True
    play = Play(tmp_path, people(box.port), noon(2))

    def give_in() -> bool:
        if play.warnings:
            box.refuses = False
        return bool(box.mails)

    play.run(message(), give_in)
    assert len(box.mails) == 1
    assert len(play.warnings) == 1
    assert "b@example.org" not in play.warnings[0]


def test_quiet_hours_hold_back_until_they_end_over_a_change_of_the_clocks(
    tmp_path: Path, box: Mailbox
) -> None:
    """In the night to 25 October 2026 Berlin's clocks go back at 3:00: at 6:59 it is quiet for nine hours and 59
    minutes by the sun. What is total breaks through, and before it what it follows."""
    hours = Quiet(22 * 60, 7 * 60, "Europe/Berlin", frozenset(range(7)), "total")
    play = Play(tmp_path, people(box.port, quiet=hours), datetime(2026, 10, 24, 21, 59, tzinfo=BERLIN))
    play.run(
        message("IQ", severity="severe"),
        lambda: len(box.mails) == 1,
        datetime(2026, 10, 24, 22, 0, tzinfo=BERLIN),
        message("KP", severity="severe"),
        message("SY", severity="severe"),
        play.is_idle,
        message("KP", "worsened"),
        lambda: len(box.mails) == 3,
        datetime(2026, 10, 25, 6, 59, tzinfo=BERLIN),
        message("EG", severity="severe"),
        play.is_idle,
        lambda: len(box.mails) == 3,
        datetime(2026, 10, 25, 7, 0, tzinfo=BERLIN),
        lambda: len(box.mails) == 4,
    )
    assert [mail["Subject"] for mail in box.mails] == [
        "Iraq is severely disrupted",
        "North Korea is severely disrupted",
        "North Korea is now down",
        "2 messages were held back in the quiet hours until 07:00 (CET) on 25 October 2026",
    ]
    assert "Syria" in box.texts[3]
    assert "Somewhere EG" in box.texts[3]


@pytest.mark.parametrize("count", [1, 2, 200])
def test_short_is_300_characters_with_all_that_belongs_to_it(count: int) -> None:
    import json

    channel = people(25, short=True)
    records = [record_of(*message(str(64500 + n), "restored", type="asn"), BASE) for n in range(count)]
    said = json.loads(for_people(channel, records, None))
    assert said["title"] == ""
    assert 50 < len(said["body"]) <= 300
    if count == 1:
        assert said["body"].endswith(f"{BASE}/incidents/AS64500-20141222T1555Z")
    else:
        assert said["body"].startswith(f"{count} are back: AS64500")


def test_a_test_is_no_outage(box: Mailbox) -> None:
    assert asyncio.run(try_channel(people(box.port), 1_793_000_000)).why is None
    assert box.mails[0]["Subject"] == "A test of Nightside"
    assert "There is no outage." in box.texts[0]


def test_an_address_that_apprise_does_not_know_is_refused_for_good() -> None:
    async def main() -> bool:
        async with AppriseSender("pigeon://loft") as sender:
            return (await sender.send("k", b'{"title": "", "body": "x"}')).is_final

    assert asyncio.run(main())


def test_a_password_is_hidden_as_it_stands_in_the_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Talkative:
        def notify(self, **_words: object) -> bool:
            raise ValueError("not\x1b[2J taken:\n night%2Fwatch+night/watch, night%20dog+night dog")

    monkeypatch.setattr(apprise_sender, "service_of", lambda _url: Talkative())

    async def main() -> str | None:
        async with AppriseSender("mailto://night%20dog:night%2Fwatch@example.org") as sender:
            return (await sender.send("k", b'{"title": "", "body": "x"}')).why

    assert asyncio.run(main()) == "ValueError: not [2J taken: …+…/…, …+…"
