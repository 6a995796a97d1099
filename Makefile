# The task verbs. Each does all of its own set-up, in .venv inside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILED := $(shell find src -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi')

.PHONY: demo test lint format bench fuzz clean help

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): pyproject.toml $(COMPILED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "nightside needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv python3-dev"; exit 3; }
	@echo "setting up $(VENV) (first time: about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## December 2014 in North Korea: reconstructed, replayed, told and drawn
	@$(BIN)/nightside demo

test: $(STAMP) ## lint, then every test
	@$(BIN)/python ci/check.py

lint: $(STAMP) ## style, types and the layers contract
	@$(BIN)/python ci/check.py --lint-only

format: $(STAMP) ## mend the style
	@$(BIN)/ruff format src tests bench ci && $(BIN)/ruff check --fix src tests bench ci

bench: $(STAMP) ## how fast, against the peers and the limit
	@$(BIN)/python -m bench

clean: ## forget what was built
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find src -name '*.so' -delete
