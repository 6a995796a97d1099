"""A replay in pieces that any worker may do: collectors to parts, parts to what they tell of some countries."""
