"""Memory asked for before it is needed, so that many places are on their way at once."""

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define NIGHTSIDE_SOON(place) __builtin_prefetch(place)
    #else
    #define NIGHTSIDE_SOON(place) ((void)0)
    #endif
    """
    void SOON "NIGHTSIDE_SOON"(const void* place) noexcept nogil
