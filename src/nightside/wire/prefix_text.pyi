from typing import Any

from nightside.model.elements import Columns

def prefix_text(columns: Columns) -> tuple[Any, bytes]: ...
