import numpy as np
import numpy.typing as npt

class ChangeList:
    def columns(
        self,
    ) -> tuple[
        npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.int32], npt.NDArray[np.uint32]
    ]: ...
    def drain(
        self,
    ) -> tuple[
        npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.int32], npt.NDArray[np.uint32]
    ]: ...
