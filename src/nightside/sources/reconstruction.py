"""`nightside.json`: a folder's own word that what lies in it is a reconstruction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from nightside.model.errors import InputError, UnreadableError

NAME = "nightside.json"
ADVICE = 'It should hold {"reconstruction": true, "note": "..."}, or not be there.'


@dataclass(frozen=True, slots=True)
class FolderWord:
    """What one `nightside.json` says."""

    reconstruction: bool
    note: str | None


def word_of(folder: Path) -> FolderWord | None:
    """What the folder says about itself. Raises InputError where that cannot be understood."""
    path = folder / NAME
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}", where=str(path), advice=ADVICE) from None
    try:
        said = json.loads(data)
    except json.JSONDecodeError as error:
        byte = len(error.doc[: error.pos].encode())
        raise InputError(f"not JSON: {error.msg}", where=f"{path}: byte {byte}", advice=ADVICE) from None
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8", where=f"{path}: byte {error.start}", advice=ADVICE) from None
    if not isinstance(said, dict):
        raise InputError("not a JSON object", where=str(path), advice=ADVICE)
    marked, note = said.get("reconstruction", False), said.get("note")
    if not isinstance(marked, bool):
        raise InputError("reconstruction is neither true nor false", where=str(path), advice=ADVICE)
    if note is not None and not isinstance(note, str):
        raise InputError("note is no text", where=str(path), advice=ADVICE)
    return FolderWord(marked, note)
