"""The words of the calendar that the other feeds do not have."""

LOCAL_OPEN = "Local time ({zone}): since {onset}."
LOCAL_ENDED = "Local time ({zone}): {onset} to {end}."
GOES_ON = "It has not ended."
RECONSTRUCTED = "A reconstruction, not a recording."
