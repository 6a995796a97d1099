import numpy as np
import numpy.typing as npt

NO_ASN: int

class WayIndex:
    def __init__(
        self, asn_numbers: npt.NDArray[np.uint32], asn_countries: npt.NDArray[np.uint16]
    ) -> None: ...
    @property
    def count(self) -> int: ...
    def columns(
        self, start: int = 0
    ) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.uint32]]: ...
