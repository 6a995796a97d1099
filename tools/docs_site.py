"""A hook of MkDocs: what the site needs beyond the pages in docs/, which stay readable where they lie.

- Some pages of the repository's root are pages of the site too (`ROOT_PAGES`).
- What a page links to elsewhere in the repository (a schema, a unit file) comes along as a file, below `files/`.
- A folder in the navigation stands for all of its pages.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
ROOT_PAGES = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""From the file at the root to the page of the site."""
LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<to>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put a folder's pages in the place of the folder."""
    config.nav = [_opened(item, Path(config.docs_dir)) for item in config.nav or []]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages of the root, and whatever the pages link to elsewhere in the repository."""
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    for target in sorted({target for file in files.documentation_pages() for target in _outside(file)}):
        files.append(File.generated(config, f"files/{target}", abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links that leave docs/, and those of the root's pages, to where their targets are in the site."""
    source = _in_repository(page.file)

    def led(link: re.Match[str]) -> str:
        target = _target(source, link["to"])
        if (ROOT / target).is_dir():
            return link["words"]
        place = _in_site(target)
        if place is None:
            return link[0]
        to = posixpath.relpath(place, posixpath.dirname(page.file.src_uri) or ".")
        return f"[{link['words']}]({to}{link['anchor'] or ''})"

    return LINK.sub(led, markdown)


def _opened(item: Any, docs: Path) -> Any:
    if isinstance(item, dict):
        return {name: _opened(below, docs) for name, below in item.items()}
    if isinstance(item, list):
        return [_opened(one, docs) for one in item]
    if not str(item).endswith("/"):
        return item
    pages = sorted((docs / item).glob("*.md"), key=lambda page: (page.stem != "README", page.stem))
    return [f"{item}{page.name}" for page in pages]


def _in_repository(file: File) -> str:
    """The path of a page from the root of the repository."""
    return Path(file.abs_src_path or "").resolve().relative_to(ROOT).as_posix()


def _target(source: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _in_site(target: str) -> str | None:
    """Where the site has a file of the repository; None where it lies in no place that it could have."""
    if target in ROOT_PAGES:
        return ROOT_PAGES[target]
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    return f"files/{target}" if (ROOT / target).is_file() else None


def _outside(file: File) -> set[str]:
    """The files of the repository beyond docs/ that a page links to."""
    source = _in_repository(file)
    targets = {_target(source, link["to"]) for link in LINK.finditer(file.content_string)}
    return {target for target in targets if (_in_site(target) or "").startswith("files/")}
