"""A page of HTML as tests read it: elements, ids, words. Python's own parser, and strict about what is closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input", "source", "col", "wbr"}


@dataclass
class Element:
    """One element: its words are those of everything within."""

    tag: str
    attrs: dict[str, str]
    parent: Element | None
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def within(self, tag: str) -> bool:
        here = self.parent
        while here is not None:
            if here.tag == tag:
                return True
            here = here.parent
        return False


class Page(HTMLParser):
    """All elements in the order of the page. A tag that closes what is not open is an error."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, None)
        self.here = self.root
        self.all: list[Element] = []
        self.comments: list[str] = []
        self.feed(html)
        self.close()
        assert self.here is self.root, f"never closed: {self.here.tag}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice: {tag} {attrs}"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        self.all.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.here = self.here.parent or self.root

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        element: Element | None = self.here
        while element is not None:
            element.pieces.append(data)
            element = element.parent

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def of(self, *tags: str) -> list[Element]:
        return [e for e in self.all if e.tag in tags]

    def classed(self, name: str) -> list[Element]:
        return [e for e in self.all if name in e.attrs.get("class", "").split()]

    @property
    def text(self) -> str:
        return self.root.text
