"""The one way an object becomes a line of JSON, so that the same incident is the same bytes everywhere."""

from __future__ import annotations

import json
import re
from typing import Any

# What json leaves as it is, and a terminal obeys: DEL and the controls of ISO 6429, other ends of lines, and marks that
# turn the direction of the text around them.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def dumps(item: Any) -> str:
    """Compact JSON on one line, keys in the order given, non-ASCII as it is but for what a terminal would obey.

    Raises ValueError for NaN and infinities, which JSON has no words for.
    """
    line = json.dumps(item, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
