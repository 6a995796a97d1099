from typing import Any

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
    path_id: Any
