"""One table of `channels.toml`, read strictly: what is not understood is refused, with file and row."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightside.engine.channels.rows import row_of
from nightside.model.errors import UsageError

MOST_SECRET_BYTES = 64 * 1024


@dataclass(frozen=True)
class Table:
    """One table; knows where it stands."""

    path: Path
    text: str
    name: str
    values: Mapping[str, Any]

    def wrong(self, key: str | None, what: str, advice: str) -> UsageError:
        """An error that names the row of a key, or of the table."""
        return UsageError(what, where=f"{self.path}:{row_of(self.text, self.name, key)}", advice=advice)

    def words(self, key: str, known: tuple[str, ...]) -> frozenset[str]:
        """A list of some of these words."""
        found = self.values.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise self.wrong(key, f"{key} is no list of words", f'Write {key} = ["{known[0]}"].')
        for one in found:
            if one not in known:
                raise self.wrong(key, f"{key}: there is no {one!r}", f"There are: {', '.join(known)}.")
        return frozenset(found)

    def word(self, key: str, known: tuple[str, ...], default: str) -> str:
        """One of these words."""
        found = self.values.get(key, default)
        if found not in known:
            raise self.wrong(key, f"{key}: there is no {found!r}", f"There are: {', '.join(known)}.")
        return str(found)

    def number(self, key: str, least: int, most: int, default: int | None) -> int | None:
        """A whole number within these bounds; None where there is none."""
        found = self.values.get(key, default)
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            raise self.wrong(
                key, f"{key} is no whole number from {least} to {most}", f"Write {key} = {default or least}."
            )
        return found

    def truth(self, key: str, default: bool) -> bool:
        """True or false."""
        found = self.values.get(key, default)
        if not isinstance(found, bool):
            raise self.wrong(key, f"{key} is neither true nor false", f"Write {key} = true.")
        return found

    def text_of(self, key: str) -> str | None:
        """Some text; None where there is none."""
        found = self.values.get(key)
        if found is not None and (not isinstance(found, str) or not found.strip()):
            raise self.wrong(key, f"{key} is no text", f'Write {key} = "…".')
        return found

    def secret(self, key: str) -> str | None:
        """What the variable or file holds that `key` names."""
        named = self.text_of(key)
        if named is None:
            return None
        if "://" in named:
            # Not said again: whoever mistook the two has put a password here.
            raise self.wrong(
                key, f"{key} is an address, and names a variable or a file", "Name where it is to be found."
            )
        if "/" not in named:
            found = os.environ.get(named)
            if not found:
                raise self.wrong(
                    key,
                    f"{key}: the environment has no {named}",
                    f"Set {named}, or name a file by its whole path.",
                )
            return found.strip()
        try:
            with Path(named).expanduser().open("rb") as file:
                found = file.read(MOST_SECRET_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not text"
            raise self.wrong(key, f"{key}: {named} cannot be read: {why}", "Let this user read it.") from None
        if not found:
            raise self.wrong(key, f"{key}: {named} is empty", "Write the secret into it.")
        return found
