"""A place in which the examples of the documentation can be run as they stand: files by the names that they use.

Everything that a command would find in the world is on this machine: archives, registries, RIPEstat, a site to check,
a receiver of messages. Nothing leaves it.
"""

from __future__ import annotations

import gzip
import json
import shutil
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive_server import archive_server
from check_results import body, result
from delegation_files import WORLD, delegation_text
from doc_examples import ROOT, blocks
from ripestat_server import ripestat_server
from webhook_receiver import receiver

REGISTRY_DAYS = {"afrinic": "20140701", "apnic": "20141009", "arin": "20130813", "lacnic": "20141009"}
KP = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
SITE = """allow_private = true

[[target]]
name = "a site"
kind = "http"
group = "{group}"
url = "{url}"
"""


@dataclass(frozen=True)
class Place:
    """A folder, the environment in which commands are run there, and what stands for addresses in the pages."""

    folder: Path
    env: dict[str, str]
    local: dict[str, str]
    """From what a page says to what it is here."""

    def here(self, words: str) -> str:
        """The words of a page as they are run here."""
        for said, ours in self.local.items():
            words = words.replace(said, ours)
        return words


@contextmanager
def place(folder: Path, archive: Path, store: Path, patch: Any) -> Iterator[Place]:
    """In an empty folder; `archive` and `store` are the demo's, and stay as they are. `patch` is a MonkeyPatch."""
    files = _files(folder / "files", archive)
    shutil.copytree(store, folder / "store")
    with ExitStack() as open_:
        _web(folder / "web")
        web = open_.enter_context(archive_server(folder / "web"))
        ripe = open_.enter_context(ripestat_server(told_by_ripestat, patch, folder))
        hook = open_.enter_context(receiver())
        archives = open_.enter_context(archive_server(archive))
        config = _configured(folder / "config", files, web.url, hook.url)
        env = {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "NIGHTSIDE_CONFIG": str(config),
            "NIGHTSIDE_STORE": str(folder / "store"),
            "NIGHTSIDE_CACHE": str(folder / "cache"),
            "NIGHTSIDE_RIPESTAT_URL": ripe.url,
            "NIGHTSIDE_RIS_ARCHIVE_URL": archives.url,
            "NIGHTSIDE_ROUTEVIEWS_ARCHIVE_URL": archives.url,
            "NIGHTSIDE_BROKER_URL": f"{archives.url}/broker",
            "NIGHTSIDE_BMP_LISTEN": "127.0.0.1:0",
            "NIGHTSIDE_CHECK_CONTACT": "tests@example.org",
            **{f"NIGHTSIDE_{name.upper()}_DELEGATED_URL": f"{web.url}/{name}" for name in WORLD},
        }
        yield Place(files, env, {"route-views2": "rrc03"})


def _files(folder: Path, archive: Path) -> Path:
    """The files and folders that commands name."""
    folder.mkdir()
    for collector in sorted(path for path in archive.iterdir() if path.is_dir()):
        (folder / collector.name).symlink_to(collector)
    (folder / "archive").symlink_to(archive)
    for name in ("updates.20141222.1615.gz", "bview.20141222.1600.gz"):
        (folder / name).symlink_to(archive / "rrc00" / "2014.12" / name)
    for registry, rows in WORLD.items():
        day = REGISTRY_DAYS.get(registry, "20140522")
        (folder / f"delegated-{registry}-{day}.gz").write_bytes(
            gzip.compress(delegation_text(registry, day, rows).encode())
        )
    said = next(block.text for block in blocks(ROOT / "docs" / "reports.md") if block.language == "toml")
    (folder / "said.toml").write_text(said)
    (folder / "results.ndjson").write_bytes(body([result(time.time() - 60)]))
    (folder / "said.json").write_text(json.dumps(tomllib.loads(said), default=str))
    return folder


def _web(folder: Path) -> None:
    """A site, and the registries' files of today."""
    folder.mkdir()
    (folder / "site").write_text("hello\n")
    for registry, rows in WORLD.items():
        (folder / registry).write_text(delegation_text(registry, "20141008", rows))


def _configured(folder: Path, files: Path, web: str, hook: str) -> Path:
    """Targets and canaries that are that site, and one channel; the configuration's file."""
    (folder / "targets").mkdir(parents=True)
    own = 'country = "KP"\n' + SITE.format(group="site", url=f"{web}/site")
    (folder / "targets" / "KP.toml").write_text(own)
    (folder / "targets" / "canaries.toml").write_text(
        SITE.format(group="canary", url=f"{web.replace('127.0.0.1', 'localhost')}/site")
    )
    (files / "targets").mkdir()
    (files / "targets" / "mine.toml").write_text(own)
    (folder / "channels.toml").write_text(
        f'[ops]\nkind = "webhook"\nurl = "{hook}"\nreconstructions = true\n'
    )
    (folder / "nightside.toml").touch()
    return folder / "nightside.toml"


def told_by_ripestat(asked: Mapping[str, str]) -> dict[str, Any]:
    """A quiet time, as three peers would have told it."""
    sources = [
        {"id": f"0{n}-192.0.2.{n}", "as_number": 3000 + n, "ip": f"192.0.2.{n}", "rrc": f"0{n}"}
        for n in (0, 1, 3)
    ]
    routes = [
        {
            "source_id": s["id"],
            "target_prefix": prefix,
            "path": [s["as_number"], 4837, 131279],
            "community": [],
        }
        for prefix in KP
        for s in sources
    ]
    return {
        "resource": asked["resource"],
        "query_starttime": asked["starttime"],
        "query_endtime": asked["endtime"],
        "sources": sources,
        "targets": [{"prefix": prefix} for prefix in KP],
        "nodes": [],
        "initial_state": routes,
        "events": [],
    }
