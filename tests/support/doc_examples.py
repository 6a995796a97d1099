"""The examples of the documentation: console commands and blocks of Python and TOML, as its pages have them.

A block below `<!-- not run: reason -->` is one that cannot be run where tests run. A line that says `exit code N` in
its comment ends with that; every other ends with 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = ("", "console", "sh", "bash", "shell")
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->")
COMMENT = re.compile(r"\s{2,}#\s.*$")
SYNOPSIS = re.compile(r"\s\[|\.\.\.|\b[A-Z]+\|[A-Z]+\b")
"""What says how a command is called, and is no call: options in brackets, words that may come again."""


@dataclass(frozen=True)
class Block:
    """A block of code of a page; `row` is that of its first line."""

    page: str
    row: int
    language: str
    text: str
    not_run: str | None


@dataclass(frozen=True)
class Call:
    """One command of a block, on one line and without its comment."""

    page: str
    row: int
    words: str
    code: int
    not_run: str | None
    block: int
    """The row of the block's first line."""

    @property
    def id(self) -> str:
        """Where it stands, for people."""
        return f"{self.page}:{self.row}"


def pages() -> list[Path]:
    """README.md, and all of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """Fenced and indented blocks, in the order of the page."""
    name = page.relative_to(ROOT).as_posix()
    begun: int | None = None
    language, gathered, marked, before = "", [""], None, ""
    fenced = False
    for row, line in enumerate([*page.read_text(encoding="utf-8").splitlines(), ""], 1):
        if fenced:
            if line.startswith("```"):
                yield Block(name, begun or row, language, "\n".join(gathered), marked)
                fenced, begun, before = False, None, ""
            else:
                gathered.append(line)
            continue
        indented = line.startswith("    ") and (begun is not None or not before.startswith(("- ", "  ")))
        if begun is not None and not indented and line.strip():
            yield Block(name, begun, "", "\n".join(gathered).rstrip(), marked)
            begun = None
        if line.startswith("```"):
            fenced, begun, language, gathered = True, row + 1, line[3:].strip(), []
            marked = _reason(before)
        elif indented and begun is None:
            begun, gathered, marked = row, [line[4:]], _reason(before)
        elif begun is not None:
            gathered.append(line[4:])
        if line.strip():
            before = line
    if begun is not None:
        yield Block(name, begun, "", "\n".join(gathered).rstrip(), marked)


def calls(block: Block, *programs: str) -> Iterator[Call]:
    """The calls of these programs in a block of console commands; none where it only says how they are called."""
    if block.language not in CONSOLE or is_python(block):
        return
    lines = list(_joined(block))
    if any(SYNOPSIS.search(COMMENT.sub("", line).partition(" | ")[0]) for _row, line in lines):
        return
    for row, line in lines:
        words = COMMENT.sub("", line).strip()
        if words.partition(" ")[0] in programs:
            code = re.search(r"exit code (\d)", line)
            yield Call(block.page, row, words, int(code[1]) if code else 0, block.not_run, block.row)


def is_python(block: Block) -> bool:
    """Whether it is Python, by its language or by its first line."""
    return block.language == "python" or (
        not block.language and bool(re.match(r"(import|from) [\w.]+", block.text))
    )


def _joined(block: Block) -> Iterator[tuple[int, str]]:
    """Lines with those that go on put together, each with the row where it begins."""
    begun, text = 0, ""
    for row, line in enumerate(block.text.splitlines(), block.row):
        begun = begun if text else row
        text += line.strip() if text else line
        if text.endswith("\\"):
            text = text[:-1].rstrip() + " "
            continue
        yield begun, text
        text = ""


def _reason(line: str) -> str | None:
    found = NOT_RUN.fullmatch(line.strip())
    return found[1] if found else None
