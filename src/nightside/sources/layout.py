"""The MRT files among what was given: single files, and folders in the layout of RIS or RouteViews."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightside.model.errors import InputError, UnreadableError
from nightside.sources import reconstruction
from nightside.sources.archive_names import ArchiveName, FileKind, Place, cadence_s, place_of, take_apart

LOCAL = "local"
"""The collector of files that name none."""


CHECKS, RESULTS = "checks", ".ndjson"
"""Where results of checks lie in an input folder, and how their files end."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to read."""

    path: Path
    """As it was given, or below what was given."""
    name: str
    """Below the input that was given, with slashes; never absolute."""
    collector: str
    kind: FileKind
    """By the name; `unknown` means that the content must tell."""
    nominal: int | None
    """The time in the name, in seconds since the epoch."""
    cadence_s: int | None
    """Seconds from one update file of its archive to the next; None where no archive's cadence can hold."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files to read, by collector, nominal time, tables before updates, and name."""

    files: list[InputFile]
    passed_over: list[str]
    """Names of files in folders that no archive would give them."""
    reconstruction: bool
    note: str | None
    checks: list[Path] = field(default_factory=list)
    """Results of checks that lie beside the routes: `checks/*.ndjson` in a folder, sorted."""

    def gaps(self, collector: str) -> list[tuple[int, int]]:
        """Stretches of missing update files between a collector's first and last: (begin, end) in seconds."""
        slots = sorted(
            {
                (file.nominal - file.nominal % file.cadence_s, file.cadence_s)
                for file in self.files
                if file.collector == collector and file.kind == "updates"
                if file.nominal is not None and file.cadence_s is not None
            }
        )
        ends = [begin + length for begin, length in slots[:-1]]
        return [(end, begin) for end, (begin, _) in zip(ends, slots[1:], strict=True) if end < begin]


@dataclass(slots=True)
class _Search:
    """What has been found so far."""

    files: dict[Path, InputFile] = field(default_factory=dict)
    """By the real path: a file that is reached twice counts once."""
    passed_over: list[str] = field(default_factory=list)
    checks: set[Path] = field(default_factory=set)
    speakers: set[Path] = field(default_factory=set)
    """Folders whose `nightside.json` holds for what was found."""

    def add_file(self, path: Path) -> None:
        """A file that was named: it is read, whatever it is called."""
        try:
            path.stat()
        except OSError as error:
            raise _unreadable(path, error.strerror or "unknown reason") from None
        whole = _whole(path)
        folders = whole.parts[1:-1]
        place = place_of(folders, len(folders))
        archive = take_apart(path.name)
        name = path.name
        if place and archive:
            name = "/".join((*folders[place.depth :], path.name))
        self._add(path, whole, name, archive, place, upto=len(folders))

    def add_folder(self, folder: Path) -> None:
        """Everything below a folder that is called as an archive calls it."""
        whole = _whole(folder)
        depth = len(whole.parts) - 1
        any_file = False
        for path in _walk(whole):
            name = "/".join(path.parts[depth + 1 :])
            archive = take_apart(path.name)
            if archive:
                any_file = True
                place = place_of(path.parts[1:-1], depth)
                self._add(folder / name, path, name, archive, place, upto=depth)
            elif path.parent.name == CHECKS and path.suffix == RESULTS:
                self.checks.add(path)
            elif path.name != reconstruction.NAME:
                self.passed_over.append(name)
        if not any_file:
            raise InputError(
                "no MRT files in this folder",
                where=str(folder),
                advice="Files in a folder must be called as an archive calls them: updates.20141222.1615.gz, "
                "bview.20141222.1600.gz, rib.20141222.1600.bz2. Any other file can be named itself.",
            )

    def _add(
        self, path: Path, whole: Path, name: str, archive: ArchiveName | None, place: Place | None, upto: int
    ) -> None:
        """`whole` is the absolute path, of which `upto` folders lie outside of what was given."""
        real = whole.resolve()
        if real not in self.files:
            self.files[real] = _input_file(path, name, archive, place)
        folder = whole.parent
        outermost = min(upto, place.depth if place else upto)
        self.speakers.add(folder)
        self.speakers.update(above for above in folder.parents if len(above.parts) - 1 >= outermost)


def _whole(path: Path) -> Path:
    """The absolute path, without dots; links stay as they are."""
    return Path(os.path.normpath(path.absolute()))


def _unreadable(path: Path, why: str) -> UnreadableError:
    return UnreadableError(
        f"cannot be read: {why}", where=str(path), advice="Give MRT files, or folders in an archive's layout."
    )


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder; links are followed, but no folder is entered twice."""
    entered: set[Path] = set()

    def refuse(error: OSError) -> None:
        raise _unreadable(Path(error.filename), error.strerror or "unknown reason")

    for at, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        real = Path(at).resolve()
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders.sort()
        yield from (Path(at, name) for name in sorted(files))


def _input_file(path: Path, name: str, archive: ArchiveName | None, place: Place | None) -> InputFile:
    if archive is None:
        return InputFile(path, name, place.collector if place else LOCAL, "unknown", None, None)
    cadence: int | None = archive.length_s
    if cadence is None:
        cadence = cadence_s(place.is_ris if place else archive.is_ris, archive.nominal)
    if archive.length_s is None and place is None and cadence is not None and archive.nominal % cadence:
        cadence = None
    collector = place.collector if place else archive.collector or LOCAL
    return InputFile(path, name, collector, archive.kind, archive.nominal, cadence)


def _order(file: InputFile) -> tuple[str, bool, int, int, str]:
    kinds = ("table", "updates", "unknown")
    return file.collector, file.nominal is None, file.nominal or 0, kinds.index(file.kind), file.name


def find_inputs(inputs: Sequence[Path]) -> Found:
    """The files to read. Raises InputError for a folder without any, UnreadableError for what is missing."""
    search = _Search()
    for path in inputs:
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
            search.add_folder(path)
        else:
            search.add_file(path)
    words = [word for folder in sorted(search.speakers) if (word := reconstruction.word_of(folder))]
    notes = dict.fromkeys(word.note for word in words if word.note)
    return Found(
        files=sorted(search.files.values(), key=_order),
        passed_over=search.passed_over,
        reconstruction=any(word.reconstruction for word in words),
        note=" ".join(notes) or None,
        checks=sorted(search.checks),
    )
