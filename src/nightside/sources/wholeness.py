"""Whether a packed file is whole: every stream of it unpacked to its end, which checks what it checks itself by."""

from __future__ import annotations

from nightside.sources.packing import Packing, Unpacker, packing_of

HEAD_BYTES = 10
"""So many tell how a file is packed."""
PIECE_BYTES = 1024 * 1024


class Wholeness:
    """Fed with a file's bytes piece by piece; nothing of what is unpacked is kept.

    A file without a byte is whole. One named `.gz` or `.bz2` must be packed; any other that is not is taken as it is.
    """

    def __init__(self, name: str) -> None:
        self._must_be_packed = name.endswith((".gz", ".bz2"))
        self._head = b""
        self._started = False
        self._packing: Packing | None = None
        self._unpacker: Unpacker | None = None
        self._fed = 0
        self._fault: str | None = None

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        if self._fault or not data:
            return
        if not self._started:
            self._head += data
            if len(self._head) < HEAD_BYTES:
                return
            self._start()
            data, self._head = self._head, b""
        self._unpack(data)

    def fault(self) -> str | None:
        """The file has ended: why it is not whole, else None."""
        if not self._started and self._head:
            self._start()
            self._unpack(self._head)
        if self._fault is None and self._packing and self._unpacker is not None:
            self._fault = f"the {self._packing.name} stream is cut off at byte {self._fed}"
        return self._fault

    def _start(self) -> None:
        self._started = True
        self._packing = packing_of(self._head)
        if self._packing is not None:
            self._unpacker = self._packing.begin()
        elif self._must_be_packed:
            self._fault = "it is not packed as its name says"

    def _unpack(self, data: bytes) -> None:
        packing = self._packing
        if packing is None or self._fault:
            return
        self._fed += len(data)
        try:
            while data:
                if self._unpacker is None:
                    data = data.lstrip(b"\0")  # padding to whole blocks
                    if not data:
                        return
                    if not data.startswith(packing.first):
                        self._fault = f"what stands behind the {packing.name} stream is none"
                        return
                    self._unpacker = packing.begin()
                unpacker = self._unpacker
                unpacker.decompress(data, PIECE_BYTES)
                while not (unpacker.eof or unpacker.needs_input):
                    unpacker.decompress(b"", PIECE_BYTES)
                if not unpacker.eof:
                    return
                data, self._unpacker = unpacker.unused_data, None
        except packing.errors as error:
            self._fault = f"the {packing.name} stream is broken before byte {self._fed} ({error})"
