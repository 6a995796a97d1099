"""Input fetched for a command, with a bar, the rate and the time left on standard error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def fetched(words: Sequence[str], begin: int | None, end: int | None) -> Iterator[list[Path]]:
    """Paths for all inputs of a command; the files of collectors among them, or what RIPEstat has, come first."""
    from nightside.cli.terminal import progress_of, say, warn
    from nightside.engine.inputs import ripestat_countries, sort_inputs

    countries = ripestat_countries(words)
    if countries:
        from nightside.engine.fetching import Told
        from nightside.engine.ripestat import ripestat_inputs

        with ripestat_inputs(countries, begin, end, told=Told(warn=warn, say=say)) as folder:
            yield folder
        return
    paths, collectors = sort_inputs(words)
    if not collectors:
        yield paths
        return
    from nightside.engine.fetching import Told, local_inputs

    with ExitStack() as stack:
        with progress_of("fetching", rate=True) as (started, advance):
            told = Told(warn=warn, say=say, started=started, advance=advance)
            here = stack.enter_context(local_inputs(words, begin, end, told=told))
        yield here
