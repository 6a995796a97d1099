"""Who reads a page: in which language countries are named for them. The sentences are English for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request
from markupsafe import Markup

from nightside.publish.literal import one_line
from nightside.publish.named import named_in
from nightside.world.languages import ENGLISH, accepted_language, require_language
from nightside.world.names import called_so, country_name

VARY = "Accept, Accept-Encoding, Accept-Language"
"""What a page depends on besides its address."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One request's language."""

    language: str = ENGLISH
    asked: bool = False
    """Whether the address itself says it (`?language=ko`), so that its links say it too."""

    def country(self, code: str) -> str:
        """The country's name. KeyError where the code is none."""
        return country_name(code, self.language)

    def code(self, name: str) -> str | None:
        """The code of the country that is meant by its code, or its name in English or in this language."""
        return called_so(name, self.language)

    def named(self, incident: dict[str, Any]) -> dict[str, Any]:
        """An incident, or one in short, with its country named in this language."""
        return named_in(incident, self.language)

    def set_off(self, text: str, name: str) -> str:
        """English words with a name in them, which keeps its own direction (Arabic, Hebrew) and language."""
        before, found, after = text.partition(one_line(name))
        if self.language == ENGLISH or not found:
            return text
        return Markup('{}<bdi lang="{}">{}</bdi>{}').format(before, self.language, found, after)

    def here(self, address: str) -> str:
        """An address of these pages, in the language where the address shown has it."""
        if not self.asked:
            return address
        return f"{address}{'&' if '?' in address else '?'}language={quote(self.language, safe='')}"

    @property
    def names_address(self) -> str:
        """Where scripts find the names of all countries."""
        return f"/names.json?language={quote(self.language, safe='')}"


def reader_of(request: Request) -> Reader:
    """The language of `?language=`, else of Accept-Language, else English.

    Raises UsageError where the address names one that does not exist; what a browser sends is taken as it comes.
    """
    asked = request.query_params.get("language")
    if asked:
        return Reader(require_language(asked), asked=True)
    return Reader(accepted_language(request.headers.get("accept-language")))
