"""`nightside show ID --attach, --acknowledge, --withdraw`: what people put beside an incident, or take back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nightside.model.errors import InputError, UnreadableError, UsageError
from nightside.model.token import HERE

if TYPE_CHECKING:
    from nightside.store.location import StoreLocation


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given."""

    attach: Path | None
    acknowledge: bool
    note: str | None
    withdraw: str | None
    why: str | None

    @property
    def is_any(self) -> bool:
        """Whether anything is to be put or taken back."""
        return self != Asked(None, False, None, None, None)


def change(store_at: StoreLocation, incident_id: str, asked: Asked, *, json: bool) -> None:
    """Do the one thing that was asked for. Raises UsageError where it was more than one, or half of one."""
    if (asked.attach is not None) + asked.acknowledge + (asked.withdraw is not None) > 1:
        raise UsageError(
            "--attach, --acknowledge and --withdraw exclude each other", advice="Do one after the other."
        )
    if asked.acknowledge != (asked.note is not None):
        raise UsageError(
            "--acknowledge and --note belong together",
            advice="Give both: say what is known or done about it.",
        )
    if (asked.withdraw is None) != (asked.why is None):
        raise UsageError(
            "--withdraw and --why belong together", advice="Give both: nothing is taken back without."
        )
    if asked.attach is not None:
        _attach(store_at, incident_id, asked.attach, json=json)
    elif asked.note is not None:
        _acknowledge(store_at, incident_id, asked.note, json=json)
    elif asked.withdraw is not None and asked.why is not None:
        _withdraw(store_at, incident_id, asked.withdraw, asked.why)


def _attach(store_at: StoreLocation, incident_id: str, file: Path, *, json: bool) -> None:
    from nightside.engine.reports.attaching import attach, taken_json
    from nightside.engine.reports.reading import MOST_BYTES, read_document
    from nightside.model.ndjson import dumps
    from nightside.publish.reports_told import taken_line
    from nightside.store.location import open_store

    try:
        with file.open("rb") as opened:
            body = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"cannot be read ({error.strerror})", where=str(file)) from error
    try:
        reports = read_document(body, toml=file.suffix.lower() == ".toml")
        now = int(time.time())
        with open_store(store_at) as store:
            taken = attach(store, incident_id, reports, at=now, by=HERE)
    except InputError as error:
        raise InputError(error.what, where=f"{file}: {error.where}", advice=error.advice) from error
    if json:
        print(dumps(taken_json(incident_id, taken, now)))
        return
    for each in taken:
        print(taken_line(each.report, each.outcome, each.nearness))


def _acknowledge(store_at: StoreLocation, incident_id: str, note: str, *, json: bool) -> None:
    from nightside.engine.acknowledging import acknowledge, said
    from nightside.model.ndjson import dumps
    from nightside.publish.acknowledged import taken_line
    from nightside.store.location import open_store

    try:
        words = said({"note": note})
    except InputError as error:
        raise UsageError(error.what.replace("`note`", "--note"), advice=error.advice) from error
    with open_store(store_at) as store:
        answer = acknowledge(store, incident_id, words, at=int(time.time()), token=HERE)
    print(dumps(answer) if json else taken_line(answer))


def _withdraw(store_at: StoreLocation, incident_id: str, id: str, why: str) -> None:
    from nightside.cli.terminal import say
    from nightside.engine import acknowledging
    from nightside.engine.reports import attaching
    from nightside.store.location import open_store

    now = int(time.time())
    with open_store(store_at) as store:
        kept = acknowledging.find(store, incident_id, id)
        if kept is None:
            attaching.withdraw(store, incident_id, id, at=now, by=HERE, why=why)
        else:
            reason = attaching.require_reason(why)
            acknowledging.withdraw(store, incident_id, kept, at=now, by=HERE, why=reason)
    say("withdrawn; that it was said, and that it was withdrawn, stays on record")
