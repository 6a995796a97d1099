from collections.abc import Iterator
from typing import Any

from nightside.model.elements import Peer, Skip

class Columns:
    count: int
    time_us: Any
    kind: Any
    flags: Any
    peer: Any
    family: Any
    prefix_hi: Any
    prefix_lo: Any
    prefix_len: Any
    origin: Any
    upstream: Any
    path_start: Any
    path_count: Any
    paths: Any
    attr_offset: Any
    attr_length: Any
    record_offset: Any
    old_state: Any
    new_state: Any

class Decoder:
    def __init__(self, capacity: int = 65536) -> None: ...
    def start(self, name: str = "") -> None: ...
    def feed(self, piece: bytes | bytearray | memoryview) -> Iterator[Columns]: ...
    def finish(self) -> Iterator[Columns]: ...
    @property
    def peers(self) -> list[Peer]: ...
    @property
    def table_peers(self) -> list[int]: ...
    @property
    def skipped(self) -> list[Skip]: ...
    @property
    def records(self) -> int: ...
    @property
    def truncated(self) -> bool: ...
