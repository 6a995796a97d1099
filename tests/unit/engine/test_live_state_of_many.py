"""The state of a watch of many sessions and prefixes, whose standings are one large array."""

from __future__ import annotations

import io

import numpy as np
import pytest

from nightside.engine.live import checkpoint


@pytest.mark.parametrize("shape", [(1 << 24,), (20, 1 << 20), (3, 100)])
def test_an_array_keeps_its_shape(shape: tuple[int, ...]) -> None:
    standings = np.arange(int(np.prod(shape))).astype(np.uint8).reshape(shape)
    file = io.BytesIO()
    checkpoint._Pickler(file, {}).dump(standings)
    again = checkpoint._Unpickler(io.BytesIO(file.getvalue()), {}).load()
    assert again.shape == shape
    assert again.flags.writeable
    assert np.array_equal(again, standings)
