"""The settings of the place: its name, where archives, streams and the cache are. What is an outage is not set here.

Each is an environment variable (`NIGHTSIDE_RIS_ARCHIVE_URL`), else a line of the configuration file (the same
name in lower case without the prefix: `ris_archive_url = "…"`), else its default. The file is NIGHTSIDE_CONFIG,
else `nightside.toml` in the user's configuration folder.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from nightside.model.errors import UsageError

PREFIX = "NIGHTSIDE_"
CONFIG = "NIGHTSIDE_CONFIG"
HIGHEST_PORT = 65535
LONGEST_WORD = 100
MOST_OPEN = 10_000
MOST_CONNECTIONS = 10_000


class Endpoints(BaseSettings):
    """Where everything is that is not on this machine, and where what was fetched is kept."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", str_strip_whitespace=True
    )

    ris_live_url: str = "wss://ris-live.ripe.net/v1/ws/"
    """RIS Live: a WebSocket (wss, ws) or the HTTP stream (https, http)."""
    ris_archive_url: str = "https://data.ris.ripe.net"
    routeviews_archive_url: str = "https://archive.routeviews.org"
    broker_url: str = "https://api.bgpkit.com/v3/broker"
    ripestat_url: str = "https://stat.ripe.net/data"
    """RIPEstat's data API; the data call `bgplay` is below it."""
    afrinic_delegated_url: str = "https://ftp.afrinic.net/pub/stats/afrinic/delegated-afrinic-extended-latest"
    """Each registry's delegation statistics of today; its MD5 is looked for at the same address with `.md5`."""
    apnic_delegated_url: str = "https://ftp.apnic.net/stats/apnic/delegated-apnic-extended-latest"
    arin_delegated_url: str = "https://ftp.arin.net/pub/stats/arin/delegated-arin-extended-latest"
    lacnic_delegated_url: str = "https://ftp.lacnic.net/pub/stats/lacnic/delegated-lacnic-extended-latest"
    ripencc_delegated_url: str = "https://ftp.ripe.net/pub/stats/ripencc/delegated-ripencc-extended-latest"
    bmp_listen: str = "127.0.0.1:11019"
    """Where routers find our BMP listener: an address of this machine and a port."""
    health_listen: str | None = None
    """Where a watch answers for its health and metrics: an address of this machine and a port; None: nowhere."""
    check_contact: str | None = None
    """Who checks, for whoever is checked: a mail address or a page, told in each request; None: none is told."""
    check_open: int = 2000
    """So many checks may be under way at once."""
    place: str = "here"
    """The name of this place, in the results of its checks."""
    cache: Path | None = None
    """Where fetched files are kept; None: the user's cache folder."""
    cache_gib: float = 50.0
    """So much is kept, at most."""
    archive_connections: int = 16
    """So many connections to one archive the workers of a backfill have open, all together."""
    world: Path | None = None
    """Where dated snapshots of the registries are kept; None: the folder `world` of the user's data folder."""
    language: str | None = None
    """In which language the command line names countries, as a tag of BCP 47; None: English."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in the code, then the environment, then the configuration file."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, _configured())

    @field_validator(
        "ris_archive_url",
        "routeviews_archive_url",
        "broker_url",
        "ripestat_url",
        "afrinic_delegated_url",
        "apnic_delegated_url",
        "arin_delegated_url",
        "lacnic_delegated_url",
        "ripencc_delegated_url",
    )
    @classmethod
    def _web(cls, value: str) -> str:
        return _url(value, ("https", "http"))

    @field_validator("ris_live_url")
    @classmethod
    def _stream(cls, value: str) -> str:
        _url(value, ("wss", "ws", "https", "http"))
        return value

    @field_validator("bmp_listen", "health_listen")
    @classmethod
    def _listen(cls, value: str | None) -> str | None:
        if value is None:
            return None
        host, _, port = value.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or int(port) > HIGHEST_PORT:
            raise ValueError("not an address and a port, as in 127.0.0.1:11019")
        return value

    @field_validator("check_contact")
    @classmethod
    def _contact(cls, value: str | None) -> str | None:
        if value is not None and not (value.isascii() and value.isprintable() and len(value) <= LONGEST_WORD):
            raise ValueError("not a mail address or a page in ASCII, of at most 100 characters")
        return value

    @field_validator("check_open")
    @classmethod
    def _open(cls, value: int) -> int:
        if not 0 < value <= MOST_OPEN:
            raise ValueError(f"not a number from 1 to {MOST_OPEN}")
        return value

    @field_validator("place")
    @classmethod
    def _place(cls, value: str) -> str:
        if not value.isprintable() or len(value) > LONGEST_WORD:
            raise ValueError("not a name of at most 100 characters on one line")
        return value

    @field_validator("archive_connections")
    @classmethod
    def _connections(cls, value: int) -> int:
        if not 0 < value <= MOST_CONNECTIONS:
            raise ValueError(f"not a number from 1 to {MOST_CONNECTIONS}")
        return value

    @field_validator("cache_gib")
    @classmethod
    def _room(cls, value: float) -> float:
        if not 0 < value < float("inf"):
            raise ValueError("not a size in GiB above 0")
        return value

    @property
    def cache_folder(self) -> Path:
        """Where fetched files are kept."""
        if self.cache is not None:
            return self.cache.expanduser()
        from platformdirs import user_cache_path

        return user_cache_path("nightside", appauthor=False)

    @property
    def world_folder(self) -> Path:
        """Where dated snapshots of the registries are kept."""
        if self.world is not None:
            return self.world.expanduser()
        from platformdirs import user_data_path

        return user_data_path("nightside", appauthor=False) / "world"


def read_endpoints() -> Endpoints:
    """The settings that hold here. Raises UsageError where one of them makes no sense."""
    try:
        return Endpoints()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "a setting"
        where = (
            f"{PREFIX}{name.upper()}"
            if f"{PREFIX}{name.upper()}" in os.environ
            else f"{config_file()}: {name}"
        )
        why = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            known = ", ".join(Endpoints.model_fields)
            raise UsageError("there is no such setting", where=where, advice=f"There are: {known}.") from None
        raise UsageError(
            f"{why}: {first['input']!r}", where=where, advice="Mend this setting, or leave it out."
        ) from None


def config_file() -> Path:
    """The configuration file; it need not be there unless NIGHTSIDE_CONFIG names it."""
    named = os.environ.get(CONFIG)
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("nightside", appauthor=False) / "nightside.toml"


def _configured() -> dict[str, Any]:
    """What the configuration file says."""
    path = config_file()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if os.environ.get(CONFIG):
            raise UsageError("no such file", where=str(path), advice=f"{CONFIG} names it.") from None
        return {}
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not TOML: {error}", where=str(path), advice='A line is: name = "value".') from None


def _url(value: str, schemes: tuple[str, ...]) -> str:
    """The URL without a slash at its end."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ValueError(f"not a URL that begins with {' or '.join(f'{s}://' for s in schemes)} and a host")
    return value.rstrip("/")
