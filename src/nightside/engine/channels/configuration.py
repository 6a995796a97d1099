"""`channels.toml`: one table a channel (docs/channels.md). Strict: what is not understood is refused, with its row.

The file lies beside `nightside.toml`. What is secret may stand in it, or be named by `url_env` and `secret_env`: an
environment variable, or a file where there is a slash in the name.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nightside.engine.channels.senders import is_web_address
from nightside.engine.channels.table import Table
from nightside.incidents.messages import AFTERWARDS, KINDS
from nightside.model.channel import ALERTS, CHANNEL_KINDS, TOLD, Channel, ChannelKind, Quiet, Route
from nightside.model.errors import NightsideError, UsageError
from nightside.sources.endpoints import config_file
from nightside.world.names import require_country

FILE = "channels.toml"
SECRET = "NIGHTSIDE_WEBHOOK_SECRET"
"""The environment variable with what the messages of `watch --webhook` are signed with."""
WEBHOOK = "webhook"
"""The channel that `watch --webhook` makes."""
MESSAGES = (*KINDS, *AFTERWARDS)
NEVER_ALERTS = "digest"
"""What tells of outages that are over fires nothing."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_CHANNELS = 100
HOUR_S, LEAST_RESEND_S = 3600, 10
HIGHEST_AS = 2**32 - 1
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MINUTE = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_COMMON = {
    "kind",
    "url",
    "url_env",
    "countries",
    "asns",
    "entities",
    "severity",
    "messages",
    "reconstructions",
}
_COMMON |= {"quiet", "per_minute"}
_OF: dict[ChannelKind, set[str]] = {
    "webhook": {"secret_env", "group_s"},
    "apprise": {"short", "group_s"},
    "alertmanager": {"resend_s", "group_s"},
    "alertmanager-webhook": {"secret_env", "resend_s", "group_s"},
}
GROUP_S: dict[ChannelKind, int] = {"apprise": 10}
"""Unless it is said: people are told of what comes at once as one, programs each by itself."""
PER_MINUTE: dict[ChannelKind, int] = {"apprise": 20}


def channels_file() -> Path:
    """Where channels are configured; the file need not be there."""
    return config_file().parent / FILE


def read_channels(path: Path | None = None) -> tuple[Channel, ...]:
    """The channels that are configured, in the order of the file; none where there is none. Raises UsageError."""
    path = channels_file() if path is None else path
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", where=str(path), advice="Let this user read it."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"not TOML: {error}", where=str(path), advice='A channel is: [name], kind = "webhook", url = "…".'
        ) from None
    base_url = _base_url(Table(path, text, "", tables))
    if len(tables) > MOST_CHANNELS:
        raise UsageError(
            f"more than {MOST_CHANNELS} channels",
            where=f"{path}:1",
            advice="Let one receiver pass on to many.",
        )
    return tuple(_channel(path, text, name, table, base_url) for name, table in tables.items())


def _base_url(top: Table) -> str | None:
    """The address of the pages of incidents; it is taken out of the tables."""
    assert isinstance(top.values, dict)
    found = top.text_of("base_url")
    top.values.pop("base_url", None)
    if found is not None and not is_web_address(found):
        raise top.wrong(
            "base_url", "base_url is no web address", 'Write base_url = "https://nightside.example".'
        )
    for name, table in top.values.items():
        if not isinstance(table, dict):
            raise top.wrong(
                name,
                f"{name} is no channel",
                "Each channel is a table: [name]. Above them stands base_url alone.",
            )
    return None if found is None else found.rstrip("/")


def _channel(path: Path, text: str, name: str, values: Mapping[str, Any], base_url: str | None) -> Channel:
    table = Table(path, text, name, values)
    if not _NAME.fullmatch(name):
        raise table.wrong(
            None, f"no name for a channel: {name!r}", "Use up to 40 small letters, digits and dashes."
        )
    if "kind" not in values:
        raise table.wrong(None, f"{name} has no kind", f"There are: {', '.join(CHANNEL_KINDS)}.")
    kind: ChannelKind = table.word("kind", CHANNEL_KINDS, "")  # type: ignore[assignment]
    known = _COMMON | _OF[kind]
    for key in values:
        if key not in known:
            raise table.wrong(key, f"{kind}: there is no {key!r}", f"There are: {', '.join(sorted(known))}.")
    return Channel(
        name=name,
        kind=kind,
        url=_url(table, kind),
        secret=table.secret("secret_env"),
        route=_route(table, kind),
        quiet=_quiet(table),
        group_s=table.number("group_s", 0, HOUR_S, GROUP_S.get(kind, 0)) or 0,
        per_minute=table.number("per_minute", 1, 6000, PER_MINUTE.get(kind)),
        short=table.truth("short", default=False),
        resend_s=table.number("resend_s", LEAST_RESEND_S, HOUR_S, 60) or 60,
        base_url=base_url,
    )


def _url(table: Table, kind: ChannelKind) -> str:
    plain, named = table.text_of("url"), table.secret("url_env")
    if (plain is None) == (named is None):
        what = "has neither url nor url_env" if plain is None else "has both url and url_env"
        raise table.wrong("url", f"{table.name} {what}", "Give one of them.")
    url = (plain or named or "").strip()
    key = "url" if named is None else "url_env"
    if kind != "apprise":
        if not is_web_address(url):
            raise table.wrong(key, f"{key}: not a web address", "Give one such as https://example.org/hook.")
        return url
    from nightside.engine.channels.apprise_sender import service_of

    if service_of(url) is None:
        raise table.wrong(
            key,
            f"{key}: Apprise does not know this address",
            "Its addresses: https://appriseit.com/services/. A mail is mailto://…, a page json://….",
        )
    return url


def _route(table: Table, kind: ChannelKind) -> Route:
    messages = table.words("messages", MESSAGES) or frozenset(MESSAGES)
    if kind in ALERTS:
        if "messages" in table.values and NEVER_ALERTS in messages:
            raise table.wrong(
                "messages",
                f"messages: a {NEVER_ALERTS} tells of what is over, and fires nothing",
                f"Leave {NEVER_ALERTS} out, or give it to a channel of another kind.",
            )
        messages -= {NEVER_ALERTS}
    countries, asns = table.values.get("countries", []), table.values.get("asns", [])
    if not isinstance(countries, list) or not all(isinstance(one, str) for one in countries):
        raise table.wrong("countries", "countries is no list of codes", 'Write countries = ["KP", "SY"].')
    try:
        codes = frozenset(require_country(one) for one in countries)
    except NightsideError as error:
        raise table.wrong("countries", f"countries: {error.what}", error.advice) from None
    numbers = isinstance(asns, list) and all(
        isinstance(one, int) and not isinstance(one, bool) and 0 < one <= HIGHEST_AS for one in asns
    )
    if not numbers:
        raise table.wrong("asns", "asns is no list of AS numbers", "Write asns = [131279].")
    return Route(
        countries=codes,
        asns=frozenset(str(one) for one in asns),
        types=table.words("entities", ("country", "asn")),
        severity=table.word("severity", TOLD, "severe"),  # type: ignore[arg-type]
        messages=messages,
        reconstructions=table.truth("reconstructions", default=False),
    )


def _quiet(table: Table) -> Quiet | None:
    values = table.values.get("quiet")
    if values is None:
        return None
    inner = Table(table.path, table.text, f"{table.name}.quiet", values if isinstance(values, dict) else {})
    if not isinstance(values, dict):
        raise table.wrong(
            "quiet", "quiet is no table", 'Write [name.quiet], from = "22:00", to = "07:00", zone = "…".'
        )
    for key in values:
        if key not in ("from", "to", "zone", "days", "breaks_through"):
            raise inner.wrong(
                key, f"quiet: there is no {key!r}", "There are: from, to, zone, days, breaks_through."
            )
    begin, end = _minute(inner, "from"), _minute(inner, "to")
    if begin == end:
        raise inner.wrong(
            "to", "quiet: from and to are the same", "A channel that is never heard is left out."
        )
    zone = inner.text_of("zone")
    if zone is None or not _is_zone(zone):
        what = "quiet has no zone" if zone is None else f"quiet: there is no zone {zone!r}"
        raise inner.wrong("zone", what, 'Name one of the tz database, such as zone = "Europe/Berlin".')
    days = inner.words("days", DAYS) or frozenset(DAYS)
    least = inner.word("breaks_through", (*TOLD, "nothing"), "total")
    return Quiet(
        begin,
        end,
        zone,
        frozenset(DAYS.index(day) for day in days),
        None if least == "nothing" else least,  # type: ignore[arg-type]
    )


def _minute(table: Table, key: str) -> int:
    found = table.values.get(key)
    match = _MINUTE.fullmatch(found) if isinstance(found, str) else None
    if match is None:
        raise table.wrong(key, f"quiet: {key} is no time of day", f'Write {key} = "22:00".')
    return int(match[1]) * 60 + int(match[2])


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def webhook_channel(url: str, secret: str | None, others: tuple[Channel, ...] = ()) -> Channel:
    """The channel of `watch --webhook URL`: every message, each by itself. Raises UsageError."""
    if not is_web_address(url):
        raise UsageError("--webhook: not a web address", advice="Give one such as https://example.org/hook.")
    if any(other.name == WEBHOOK for other in others):
        raise UsageError(
            f"--webhook is the channel {WEBHOOK}, and so is one of {FILE}",
            where=str(channels_file()),
            advice="Name that one otherwise, or leave out --webhook.",
        )
    base_url = next((other.base_url for other in others if other.base_url), None)
    return Channel(WEBHOOK, "webhook", url, secret or None, Route(reconstructions=True), base_url=base_url)


def channels_of(webhook: str | None) -> tuple[Channel, ...]:
    """Those that are configured, and that of `--webhook`. Raises UsageError."""
    channels = read_channels()
    if webhook is None:
        return channels
    return (*channels, webhook_channel(webhook, os.environ.get(SECRET), channels))
