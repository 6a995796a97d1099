"""One row of a target file: which keys each kind takes, and what is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, NoReturn, cast
from urllib.parse import urlsplit

from nightside.model.check import SERVICE_OF, Family, Kind, Target
from nightside.model.errors import InputError

NAME_CHARS, URL_CHARS, TEXT_CHARS, SOURCE_CHARS = 100, 2_048, 1_000, 500
MOST_SERVERS = 16
HTTPS_PORT = 443
_ANY = frozenset({"name", "kind", "group", "families", "source"})
_PLACE: Mapping[Kind, str] = {
    "http": "url",
    "dns": "zone",
    "smtp": "domain",
    **dict.fromkeys(("icmp", "tcp", "tls", "trace"), "host"),
}
"""The key that says where, by kind."""
_MORE: Mapping[Kind, frozenset[str]] = {
    "http": frozenset({"expect_status", "expect_text"}),
    "dns": frozenset({"servers"}),
    "tcp": frozenset({"port"}),
    "tls": frozenset({"port"}),
}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE)


def target_of(row: Mapping[str, Any], country: str, where: str) -> Target:
    """The target of a row. Raises InputError, with `where` and the row's name, where anything is not understood."""
    name = row.get("name")
    told = f"{where} ({name[:40]!r})" if isinstance(name, str) else where
    return _Row(row, told).target(country)


class _Row:
    def __init__(self, row: Mapping[str, Any], where: str) -> None:
        self.row, self.where = row, where

    def target(self, country: str) -> Target:
        kind = self._kind()
        place = _PLACE[kind]
        keys = _ANY | {place} | _MORE.get(kind, frozenset())
        for key in self.row:
            if key not in keys:
                known = sorted(keys, key=lambda one: (one not in ("name", "kind", "group", place), one))
                self._refuse(
                    f"the key {key[:40]!r} is not known for {kind}", f"There are {', '.join(known)}."
                )
        servers = self._servers() if kind == "dns" else ()
        return Target(
            name=self._text("name", NAME_CHARS),
            kind=kind,
            group=self._text("group", NAME_CHARS),
            country=country,
            where=self._url() if kind == "http" else self._host(place, zone=kind == "dns"),
            port=self._port(kind),
            servers=servers,
            families=self._families(),
            expect_status=self._status(),
            expect_text=self._text("expect_text", TEXT_CHARS, lines=True)
            if "expect_text" in self.row
            else None,
            source=self._text("source", SOURCE_CHARS) if "source" in self.row else None,
        )

    def _refuse(self, what: str, advice: str) -> NoReturn:
        raise InputError(what, where=self.where, advice=advice)

    def _kind(self) -> Kind:
        kind = self.row.get("kind")
        if not isinstance(kind, str) or kind not in SERVICE_OF:
            said = "no kind" if kind is None else f"there is no kind {str(kind)[:40]!r}"
            self._refuse(said, f"There are {', '.join(SERVICE_OF)}.")
        return cast("Kind", kind)

    def _text(self, key: str, most: int, *, lines: bool = False) -> str:
        value = self.row.get(key)
        if value is None:
            self._refuse(f"no {key}", f'Add a line such as {key} = "…".')
        if not isinstance(value, str) or not value.strip():
            self._refuse(f"{key} is no text", f'Write it in quotes: {key} = "…".')
        if len(value) > most:
            self._refuse(f"{key} is longer than {most} characters", "Shorten it.")
        for character in value:
            if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and not (
                lines and character in "\n\t"
            ):
                self._refuse(f"{key} has a control character ({character!a})", "Take it out.")
        return value

    def _url(self) -> str:
        url = self._text("url", URL_CHARS)
        advice = "It begins with http:// or https:// and a host, as in http://kcna.kp/."
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            self._refuse(f"url {url[:60]!r} is none", advice)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self._refuse(f"url {url[:60]!r} is none of http or https", advice)
        if parts.username is not None or parts.password is not None:
            self._refuse("url holds a user name or a password", "Nothing signs in: take them out.")
        if port == 0:
            self._refuse("url has port 0", "A port is 1 to 65535.")
        if not url.isascii() or any(character.isspace() for character in url):
            self._refuse(
                "url has characters that no URL has", "Write the host in Punycode, the rest with %XX."
            )
        if parts.fragment:
            self._refuse("url has a fragment (#…)", "No server is told it: take it out.")
        self._check_host(parts.hostname, "url")
        return url

    def _host(self, key: str, *, zone: bool) -> str:
        host = self._text(key, 253 + 1)
        if zone and host == ".":
            return host
        if key == "domain" and _is_address(host):
            self._refuse(f"domain {host!r} is an address", "Mail goes to the domain behind the @.")
        self._check_host(host, key)
        return host.rstrip(".").lower()

    def _check_host(self, host: str, key: str) -> None:
        if _is_address(host):
            return
        labels = host.rstrip(".").split(".")
        if len(host) > 254 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
            self._refuse(
                f"{key}: {host[:60]!r} is no host's name or address",
                "Write the name alone, in Punycode where it has other letters than a to z.",
            )

    def _servers(self) -> tuple[str, ...]:
        servers = self.row.get("servers", [])
        if not isinstance(servers, list) or not all(isinstance(one, str) for one in servers):
            self._refuse("servers is no list of texts", 'Write servers = ["192.0.2.1", "ns2.example"].')
        if len(servers) > MOST_SERVERS:
            self._refuse(f"{len(servers)} servers; {MOST_SERVERS} is the most", "Take some out.")
        if "servers" in self.row and not servers:
            self._refuse(
                "servers is empty", "Leave the line out: then those are asked that the zone itself names."
            )
        for server in servers:
            self._check_host(server, "servers")
        if len(set(servers)) != len(servers):
            self._refuse("servers has one of them twice", "Take it out.")
        return tuple(server.rstrip(".").lower() for server in servers)

    def _port(self, kind: Kind) -> int | None:
        if kind not in ("tcp", "tls"):
            return None
        port = self.row.get("port", HTTPS_PORT if kind == "tls" else None)
        if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65_535:
            self._refuse(
                "no port" if port is None else f"port {str(port)[:20]!r} is none", "A port is 1 to 65535."
            )
        return port

    def _status(self) -> int | None:
        status = self.row.get("expect_status")
        if status is None:
            return None
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            self._refuse(f"expect_status {str(status)[:20]!r} is no status", "A status is 200 to 599.")
        return status

    def _families(self) -> tuple[Family, ...]:
        families = self.row.get("families", [4])
        valid = isinstance(families, list) and all(type(one) is int and one in (4, 6) for one in families)
        if not valid or not families or len(set(families)) != len(families):
            self._refuse("families is neither [4], [6] nor [4, 6]", "They are those of IP.")
        return tuple(sorted(families))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host
