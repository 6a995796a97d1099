"""Looks at the archives: their clocks, their lists, the broker, and how old the newest files are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from nightside.engine.doctor.check import Check
from nightside.model.errors import DownloadError
from nightside.model.instants import duration_words
from nightside.sources.archive_listing import ArchiveListing, archive_url
from nightside.sources.archive_names import cadence_s
from nightside.sources.archive_paths import collector_folder, is_ris, table_cadence_s
from nightside.sources.broker import ask_broker
from nightside.sources.directory_page import entries
from nightside.sources.endpoints import Endpoints
from nightside.sources.polite_http import Manners, PassingError, PoliteClient

MANNERS = Manners(tries=1, connect_s=5.0, silence_s=5.0, longest_retry_after_s=0.0)
OFF_S = 2.0
"""A clock that is off by more makes seconds wrong."""
TABLES_BACK_S, UPDATES_BACK_S = 2 * 86400, 6 * 3600
LATE = 2
"""Tables: so many cadences without a new one are late;"""
LATE_UPDATES = 6
"""and update files, which come as soon as they end: half an hour of RIS, an hour and a half of RouteViews."""
EXAMPLES = ("rrc00", "route-views2")
"""A collector of each archive, which has been there from the beginning."""


async def clock(client: PoliteClient, urls: Sequence[str], now: Callable[[], float]) -> Check:
    """Our clock against the Date (RFC 9110, section 6.6.1) of the first of these that says it."""
    for url in urls:
        sent_s = now()
        try:
            async with client.answer(url, method="HEAD") as answer:
                came_s, headers = now(), answer.headers
        except (PassingError, DownloadError):
            continue
        # An answer out of a cache has the date of that day (RFC 9111, section 5.1).
        said = headers.get("Date")
        if said is None or headers.get("Age", "0") != "0":
            continue
        try:
            moment = parsedate_to_datetime(said)
        except ValueError:
            continue
        date_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        # It was said between our asking and its coming, and within the second that begins at the date.
        ahead_s, behind_s = sent_s - (date_s + 1), date_s - came_s
        host = urlsplit(url).hostname
        for off_s, word in ((ahead_s, "ahead"), (behind_s, "behind")):
            if off_s > OFF_S:
                said = f"ours is {word}, by {off_s:.1f} s or a little more"
                return Check("clock", host, "warning", said, "Set it by NTP: instants are as wrong as it is.")
        return Check("clock", host, "ok", f"ours is within {OFF_S:g} s of this host's")
    return Check("clock", None, "warning", "not known: no archive answers with a date", "Is it set by NTP?")


async def listing(client: PoliteClient, places: Endpoints, example: str) -> Check:
    """Whether an archive lists what it has of a collector that it has always had."""
    name = "archive"
    url = f"{archive_url(places, example)}/{collector_folder(example)}"
    variable = "NIGHTSIDE_RIS_ARCHIVE_URL" if is_ris(example) else "NIGHTSIDE_ROUTEVIEWS_ARCHIVE_URL"
    try:
        page = await client.page(url)
    except DownloadError as error:
        return Check(name, url, "failed", error.what, f"Is the network up, and {variable} right?")
    found = [entry for entry in entries(page or b"") if entry.name.endswith("/")]
    if not found:
        said = "there is no such folder" if page is None else "lists nothing"
        return Check(name, url, "failed", said, f"Is {variable} right?")
    return Check(name, url, "ok", f"lists {len(found)} folders")


async def broker(client: PoliteClient, places: Endpoints, now_s: float) -> Check:
    """Whether the broker answers, and knows of a table of the last two days."""
    url, example = places.broker_url, EXAMPLES[0]
    instead = "Nothing, unless it lasts: the archives' own lists are used instead, which takes longer."
    try:
        found = await ask_broker(client, url, example, "table", int(now_s) - TABLES_BACK_S, int(now_s))
    except DownloadError as error:
        return Check("broker", url, "warning", error.what, instead)
    if not found:
        return Check(
            "broker", url, "warning", f"knows of no table of {example} of the last two days", instead
        )
    return Check("broker", url, "ok", f"knows of {len(found)} tables of {example} of the last two days")


async def collector(listing: ArchiveListing, name: str, now_s: float) -> Check:
    """How old a collector's newest table and newest update file are."""
    now = int(now_s)
    try:
        tables = await listing.files(name, "table", now - TABLES_BACK_S, now + 1)
        updates = await listing.files(name, "updates", now - UPDATES_BACK_S, now + 1)
    except DownloadError as error:
        return Check(
            "collector", name, "failed", error.what, "A watch cannot start from its table. Try again."
        )
    if not tables:
        said = "no table within the last two days"
        return Check("collector", name, "failed", said, "Watch by other collectors until it is back.")
    table_age = now - tables[-1].nominal
    said = f"last table {_ago(table_age)}, "
    late = table_age > LATE * table_cadence_s(name)
    if updates:
        age = now - updates[-1].nominal
        said += f"last update file {_ago(age)}"
        late = late or age > LATE_UPDATES * cadence_s(is_ris(name), now)
    else:
        said += "no update file within the last six hours"
        late = True
    if late:
        advice = "It is late: a watch that starts from it takes longer to know anything."
        return Check("collector", name, "warning", said, advice)
    return Check("collector", name, "ok", said)


def _ago(age_s: int) -> str:
    return f"{duration_words(max(0, age_s))} old"
