"""`nightside store`: whether the store is sound, what can be repaired, and how it stays small."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from nightside.cli.store_place import StorePlace

if TYPE_CHECKING:
    from nightside.model.store_care import Compaction, StoreFinding

command = typer.Typer(
    no_args_is_help=True,
    help="Look the store over, repair it, make it smaller; readers and writers go on meanwhile.",
    short_help="Whether the store is sound; repairs, and keeping it small.",
)

WORK_DAYS = 7
"""For so long jobs of a cluster can be taken up again."""

FindingsAsJson = Annotated[
    bool, typer.Option("--json", help="Each finding as nightside.store-finding/1, one a line.")
]


@command.command()
def check(store: StorePlace = None, json: FindingsAsJson = False) -> None:
    """Read all that is stored once, and say what is missing or damaged. Nothing is changed.

    The exit code is 1 if something is damaged; files that nobody needs are no damage.

    \b
    Examples:
      nightside store check
      nightside store check --json
    """
    from nightside.store.location import open_store

    with open_store(store, read_only=True) as opened:
        found = _tell(opened.check(), json=json)
    if any(each.damage for each in found):
        raise typer.Exit(1)


@command.command()
def repair(
    store: StorePlace = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done, as check does.")
    ] = False,
    json: FindingsAsJson = False,
) -> None:
    """Put right what can be; of the rest say what is to be done.

    What can be read is never deleted. Samples that are lost are unknown afterwards, where reading them failed
    before. The exit code is 1 if some damage is left.

    \b
    Examples:
      nightside store repair --dry-run
      nightside store repair
    """
    from nightside.store.location import open_store

    with open_store(store, read_only=True) as opened:
        if dry_run:
            found = _tell(opened.check(), json=json)
    if not dry_run:
        # Only now: where there is no store, one would be made to be written.
        with open_store(store) as opened:
            found = _tell(opened.repair(), json=json)
    if any(each.damage and not each.repaired for each in found):
        raise typer.Exit(1)


@command.command()
def compact(
    store: StorePlace = None,
    exact_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Months that ended N days ago are kept by the hour; else every change for ever.",
        ),
    ] = None,
    flips_days: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Flips that were stored N days ago go; else they stay for ever."
        ),
    ] = None,
    work_days: Annotated[
        int, typer.Option(min=1, metavar="N", help="What jobs of a cluster have left goes after N days.")
    ] = WORK_DAYS,
    json: Annotated[
        bool, typer.Option("--json", help="What was done as nightside.store-compaction/1.")
    ] = False,
) -> None:
    """Make few segments of many, and let go of what is too old to be kept.

    \b
    Examples:
      nightside store compact
      nightside store compact --exact-days 400 --flips-days 90
    """
    from nightside.store.location import open_store

    # Where there is no store, one would be made to be written.
    open_store(store, read_only=True).close()
    with open_store(store) as opened:
        done = opened.compact(exact_days=exact_days, flips_days=flips_days, work_days=work_days)
    if json:
        from nightside.model.ndjson import dumps

        print(dumps(done.to_json()))
    else:
        print("\n".join(_in_words(done)))


def _tell(findings: Iterable[StoreFinding], *, json: bool) -> list[StoreFinding]:
    """Print findings as they come; all of them."""
    from nightside.cli.terminal import say
    from nightside.model.ndjson import dumps

    found: list[StoreFinding] = []
    for each in findings:
        found.append(each)
        if json:
            print(dumps(each.to_json()), flush=True)
        else:
            _print(each)
    damaged = sum(each.damage for each in found)
    repaired = sum(each.repaired for each in found)
    if not found:
        say("all that is stored can be read, and is what it says")
    else:
        say(f"{_count(len(found), 'finding')}, {damaged:,} of damage, {repaired:,} repaired")
    return found


def _print(each: StoreFinding) -> None:
    print(f"{'damaged' if each.damage else 'unneeded'}  {each.kind:17} {each.where}: {each.said}")
    if each.repaired:
        print(f"{'':9} repaired: {each.repair}")
    elif each.repair is not None:
        print(f"{'':9} `nightside store repair` {each.repair}")
    if each.advice is not None:
        print(f"{'':9} {each.advice}")


def _in_words(done: Compaction) -> list[str]:
    told = [
        f"segments of samples: {done.segments_before:,} before, {done.segments_after:,} now",
        f"stretches of signals in them: {done.pieces_before:,} before, {done.pieces_after:,} now",
        f"files deleted that nobody needed any more: {done.files_deleted:,}"
        " (what was replaced just now goes with the next compaction)",
    ]
    if done.thinned:
        told.append(f"months of an entity that are kept by the hour now: {done.thinned:,}")
    if done.flips_deleted:
        told.append(f"incidents whose flips were deleted: {done.flips_deleted:,}")
    if done.work_deleted:
        told.append(f"files deleted that jobs of clusters had left: {done.work_deleted:,}")
    return told


def _count(n: int, one: str) -> str:
    return f"{n:,} {one if n == 1 else one + 's'}"
