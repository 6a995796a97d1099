"""The compiled room: MRT, BGP and BMP bytes to columns. Knows nothing of countries or files."""
