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


def chosen(const uint8_t[::1] small, const uint8_t[::1] counts, const uint32_t[::1] lists, uint32_t[::1] ways):
    """Ways by their small numbers among each prefix's (`routing.rows`; 0: none): `counts` ways of each prefix in turn
    stand in `lists`. ValueError where a small number means none of them."""
    cdef Py_ssize_t i, at = 0, n = small.shape[0]
    if counts.shape[0] < n or ways.shape[0] != n:
        raise ValueError("fewer lists than small numbers")
    for i in range(n):
        if small[i] > counts[i] or at + counts[i] > lists.shape[0]:
            raise ValueError(f"way {small[i]} of {counts[i]}")
        ways[i] = lists[at + small[i] - 1] if small[i] else 0
        at += counts[i]
