"""The one way an object becomes a line of JSON, so that the same incident is the same bytes everywhere."""

from __future__ import annotations

import json
from typing import Any


def dumps(item: Any) -> str:
    """Compact JSON on one line, keys in the order given, non-ASCII as it is.

    Raises ValueError for NaN and infinities, which JSON has no words for.
    """
    return json.dumps(item, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
