"""An error that nobody thought of, in words: it costs what was at hand, and the watch goes on."""

from __future__ import annotations

import traceback


def of_ours(error: Exception) -> str:
    """What it is, and where it came from; several lines."""
    trace = "".join(traceback.format_exception(error)).rstrip()
    return f"a mistake of this program ({type(error).__name__}: {error})\n{trace}"
