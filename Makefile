# The task verbs. Each does all of its own set-up, in .venv inside this folder: no activation, no other command.
# `make PYTHON=/path/to/python3 …` chooses the interpreter; else the first of these that is new enough.
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(PYTHONS); do $$p -c '$(ENOUGH)' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILED := $(shell find src -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi')

.PHONY: help demo test lint format bench fuzz incidents docs clean
.DELETE_ON_ERROR:

help: ## say what can be made (this is what `make` alone does)
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# Last of all the stamp: an interrupted set-up is taken up again by the next call. The compiled modules live
# beside their sources (editable), and are built anew when one of these changes.
$(STAMP): pyproject.toml setup.py $(COMPILED)
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(ENOUGH)' || { \
	  echo "Nightside needs Python 3.11 or newer. Looked at: $(or $(PYTHON),$(PYTHONS)). Name another: make PYTHON=/path/to/python3"; \
	  exit 3; } >&2
	@$(BIN)/python -c 'import pip; $(ENOUGH)' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv"; exit 3; } >&2
	@$(BIN)/python -c 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))' || { \
	  echo "$(PYTHON) lacks the header files that compiled modules need. On Debian: apt-get install python3-dev"; exit 3; } >&2
	@echo "setting up $(VENV): dependencies and compiled modules (about a minute the first time)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' >&2
	@touch $@

demo: $(STAMP) ## December 2014 in North Korea: reconstructed, replayed, told and drawn
	@$(BIN)/nightside demo

test: $(STAMP) ## everything of lint, then every test
	@$(BIN)/python ci/check.py

lint: $(STAMP) ## style, types and the layers contract
	@$(BIN)/python ci/check.py --lint-only

format: $(STAMP) ## mend the style
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(STAMP) ## how fast, beside unpacking alone, bgpdump and others, with the same answers; what upstreams cost; how soon an outage is told
	@$(BIN)/python -m bench.peers
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.tracking --rounds 3 --prefixes 60000 --hours 3
	@$(BIN)/python -m bench.alarm --rate 15000 --seconds 30 --outages 5 --entries 500000

MINUTES ?= 10
fuzz: $(STAMP) ## look for bytes that break a reader, MINUTES=10 each way; goes on where it was interrupted
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]' >&2
	@$(BIN)/python -m fuzz run --minutes $(MINUTES) $(foreach way,$(WAYS),--way $(way))

incidents: $(STAMP) ## docs/incidents anew: what was said of five outages beside what the program finds
	@$(BIN)/python -m tools.incident_pages

docs: $(STAMP) ## the documentation as a site, in build/site; a link that leads nowhere is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs --quiet build --strict

clean: ## forget all that was installed and built
	@rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find src -name '*.so' -delete
	@find src -name '*.pyx' | sed 's/\.pyx$$/.c/' | xargs -r rm -f
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
