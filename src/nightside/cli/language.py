"""`--language`: in which language countries are named, for whatever words and tables tell. Programs get English."""

from __future__ import annotations

from typing import Annotated

import typer

from nightside.model.errors import UsageError

ReaderLanguage = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="TAG",
        help="Name countries in this language, such as de, ko or zh-Hant; else NIGHTSIDE_LANGUAGE, else English.",
    ),
]


def reader_language(asked: str | None, *, json: bool = False) -> str:
    """The language that was asked for, else the one that is set, else English; the set one is not for JSON.

    Raises UsageError where there is none such.
    """
    from nightside.world.languages import ENGLISH, require_language

    if asked is not None:
        return require_language(asked)
    if json:
        return ENGLISH
    from nightside.sources.endpoints import read_endpoints

    chosen = read_endpoints().language
    if chosen is None:
        return ENGLISH
    try:
        return require_language(chosen)
    except UsageError as error:
        raise UsageError(error.what, where="NIGHTSIDE_LANGUAGE", advice=error.advice) from None
