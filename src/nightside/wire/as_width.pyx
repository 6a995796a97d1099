# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Whether the AS numbers of a BGP message have two bytes."""

from libc.stdint cimport uint8_t

from nightside.wire.as_width cimport is_narrow


def has_narrow_path(const uint8_t[::1] message not None):
    """Whether this message (RFC 4271) has an AS_PATH that can be read with AS numbers of two bytes alone."""
    if message.shape[0] == 0:
        return False
    return is_narrow(&message[0], &message[0] + message.shape[0])
