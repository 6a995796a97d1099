"""What the map says: countries of addresses and ASes, names, units, clocks."""
