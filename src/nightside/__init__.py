"""Nightside: an open observatory for national Internet outages."""

__version__ = "0.1.0"
