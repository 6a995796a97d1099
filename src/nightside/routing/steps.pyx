# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Ways as steps from one to the next, by the worth of their bytes: first the lowest byte of each step, then the next.

Neighbours were first seen together, so that their numbers are near: of most steps three bytes are nought, and what is
nought lies together.
"""

from libc.stdint cimport uint8_t, uint32_t


def to_steps(const uint32_t[::1] ways):
    """The steps of ways, four bytes for each."""
    cdef Py_ssize_t i, n = ways.shape[0]
    cdef uint32_t step, before = 0
    cdef bytearray made = bytearray(4 * n)
    cdef uint8_t* to = made
    for i in range(n):
        step = ways[i] - before
        before = ways[i]
        to[i] = <uint8_t>step
        to[n + i] = <uint8_t>(step >> 8)
        to[2 * n + i] = <uint8_t>(step >> 16)
        to[3 * n + i] = <uint8_t>(step >> 24)
    return made


def from_steps(const uint8_t[::1] steps, uint32_t[::1] ways):
    """The ways of steps, into an array of as many; ValueError where the steps are of another number."""
    cdef Py_ssize_t i, n = ways.shape[0]
    cdef uint32_t way = 0
    if steps.shape[0] != 4 * n:
        raise ValueError(f"{steps.shape[0]} bytes are no steps of {n} ways")
    for i in range(n):
        way += (
            steps[i] | (<uint32_t>steps[n + i] << 8) | (<uint32_t>steps[2 * n + i] << 16)
            | (<uint32_t>steps[3 * n + i] << 24)
        )
        ways[i] = way
