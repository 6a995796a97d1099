import numpy as np
import numpy.typing as npt

from nightside.routing.log import EventLog

class Places:
    def keep_none(self) -> None: ...
    def about(
        self, log: EventLog, wanted: npt.NDArray[np.uint8]
    ) -> tuple[
        npt.NDArray[np.uint32],
        npt.NDArray[np.uint8],
        npt.NDArray[np.uint32],
        npt.NDArray[np.uint32],
        npt.NDArray[np.uint32],
        npt.NDArray[np.int64],
        npt.NDArray[np.uint8],
    ]: ...
