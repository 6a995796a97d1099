"""`python -m nightside` is `nightside`."""

from nightside.cli.main import main

main()
