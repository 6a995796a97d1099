"""Words of others (names, notes, reasons), made safe to stand in a line of ours."""

from __future__ import annotations

import unicodedata

LONGEST = 60
"""Characters of a name that are shown."""

_DIRECTION = {chr(c) for c in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def one_line(text: str, longest: int = LONGEST) -> str:
    """`text` on one line and not longer than `longest` characters, its letters as they are.

    Control characters (a terminal would obey them) and line ends become blanks; marks that turn the
    direction of the text around them are dropped; what is cut off is shown by an ellipsis.
    """
    kept = [
        " " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text if c not in _DIRECTION
    ]
    line = " ".join("".join(kept).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
