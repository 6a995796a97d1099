"""`nightside show ID --attach, --withdraw`: what others said of an incident, attached to it or taken back."""

from __future__ import annotations

import time
from pathlib import Path

from nightside.model.errors import UnreadableError, UsageError


def change_reports(
    folder: Path, incident_id: str, attach: Path | None, withdraw: str | None, why: str | None, *, json: bool
) -> None:
    """Do the one thing that was asked for. Raises UsageError where it was more than one, or half of one."""
    if (attach is None) == (withdraw is None):
        raise UsageError("--attach and --withdraw exclude each other", advice="Do one after the other.")
    if (withdraw is None) != (why is None):
        raise UsageError(
            "--withdraw and --why belong together", advice="Give both: nothing is taken back without."
        )
    if attach is not None:
        _attach(folder, incident_id, attach, json=json)
    elif withdraw is not None and why is not None:
        _withdraw(folder, incident_id, withdraw, why)


def _attach(folder: Path, incident_id: str, file: Path, *, json: bool) -> None:
    from nightside.engine.reports.attaching import HERE, attach, taken_json
    from nightside.engine.reports.reading import MOST_BYTES, read_document
    from nightside.model.errors import InputError
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
        with open_store(folder) as store:
            taken = attach(store, incident_id, reports, at=now, by=HERE)
    except InputError as error:
        raise InputError(error.what, where=f"{file}: {error.where}", advice=error.advice) from error
    if json:
        print(dumps(taken_json(incident_id, taken, now)))
        return
    for each in taken:
        print(taken_line(each.report, each.outcome, each.nearness))


def _withdraw(folder: Path, incident_id: str, report_id: str, why: str) -> None:
    from nightside.cli.terminal import say
    from nightside.engine.reports.attaching import HERE, withdraw
    from nightside.store.location import open_store

    with open_store(folder) as store:
        withdraw(store, incident_id, report_id, at=int(time.time()), by=HERE, why=why)
    say("withdrawn; that it was said, and that it was withdrawn, stays on record")
