"""How the compiled modules of pyproject.toml are built: as many at a time as there are cores."""

from __future__ import annotations

import os

from Cython.Build import cythonize
from setuptools import setup
from setuptools.command.build_ext import build_ext


class BuildCompiled(build_ext):
    """Cython first, in processes (it is not made for threads); then the C compiler, in parallel."""

    def initialize_options(self) -> None:
        """As many at a time as there are cores, where nobody says otherwise."""
        super().initialize_options()
        self.parallel = os.cpu_count() or 1

    def build_extensions(self) -> None:
        """Without symbols for a debugger: they are a third of the compiler's time."""
        made = cythonize(self.extensions, nthreads=self.parallel, quiet=self.verbose == 0)
        for extension, compiled in zip(self.extensions, made, strict=True):
            extension.sources = compiled.sources
            extension.extra_compile_args = [*extension.extra_compile_args, "-g0"]
        super().build_extensions()


if __name__ == "__main__":
    setup(cmdclass={"build_ext": BuildCompiled})
