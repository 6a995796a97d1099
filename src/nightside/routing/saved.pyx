# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The memory of compiled classes as arrays that can be pickled, and back.

What a compiled class gives to pickle are views of its own memory, so that a large state is written without a copy:
they are to be written at once (pickle protocol 5 without `buffer_callback`), before the object goes on. What it takes
back it checks: sizes and numbers that do not fit raise ValueError, for nothing behind looks at them again.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc
from libc.string cimport memcpy


cdef object view_of(void* memory, size_t count, dtype):
    """So many items of memory as an array, which is valid until the memory moves."""
    import numpy as np

    cdef size_t size = count * <size_t>np.dtype(dtype).itemsize
    if size == 0:
        return np.empty(0, dtype)
    return np.asarray(<uint8_t[:size]><uint8_t*>memory).view(dtype)


cdef void* memory_of(value, dtype, size_t count, size_t room, str what) except NULL:
    """New memory for `room` items, to be freed by the caller: those of an array of `count`, and zeros."""
    import numpy as np

    cdef const uint8_t[::1] source
    cdef size_t size = np.dtype(dtype).itemsize
    checked(value, dtype, count, what)
    if len(value) != count or room < count:
        raise ValueError(f"a saved state does not fit: {len(value)} of {what}, not {count}")
    cdef void* memory = calloc(room if room else 1, size)
    if memory == NULL:
        raise MemoryError
    if count:
        source = value.view(np.uint8)
        memcpy(memory, &source[0], count * size)
    return memory


def checked(value, dtype, size_t least, what):
    """An array of this type with at least so many items, in one piece and writable; ValueError where it is none."""
    import numpy as np

    if not isinstance(value, np.ndarray) or value.dtype != dtype or value.ndim != 1:
        raise ValueError(f"a saved state does not fit: {what} is no array of {np.dtype(dtype)}")
    if value.shape[0] < least:
        raise ValueError(f"a saved state does not fit: {value.shape[0]} of {what}, not {least}")
    return np.require(value, requirements=("C", "W"))


def must(condition, what):
    """ValueError where a saved state is not as it must be."""
    if not condition:
        raise ValueError(f"a saved state does not fit: {what}")


def arrays_of(*views):
    """The arrays behind typed views: the very ones that were given where they are whole, so that pickle shares them."""
    import numpy as np

    return tuple(
        view.base if isinstance(view.base, np.ndarray) and view.base.shape == view.shape else np.asarray(view)
        for view in views
    )
