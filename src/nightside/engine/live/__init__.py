"""The daemon: sources, the steps of time, what is told, and who hears it."""
