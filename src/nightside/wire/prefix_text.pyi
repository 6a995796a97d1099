from typing import Any

from nightside.wire.decoder import Columns

def prefix_text(columns: Columns) -> tuple[Any, bytes]: ...
