# Two commands set everything up: `make demo` installs and runs the main job, `make test` installs and passes the tests.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: demo test fast lint board

demo: $(VENV)/.installed-mini
	$(BIN)/xtreme-harness run --model mini --suite mini --offline

test: $(VENV)/.installed-test lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 -m "not slow"
	$(BIN)/python -m pytest -q -m slow

fast: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 -m "not slow"

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

board: $(VENV)/.installed-mini
	$(BIN)/xtreme-harness leaderboard build mini
	$(BIN)/xtreme-harness leaderboard build real
	$(BIN)/xtreme-harness leaderboard build xtreme
	$(BIN)/xtreme-harness study leaderboards/studies/mini/study.toml --tables leaderboards/studies/mini

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-mini: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable ".[mini]"
	touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable ".[mini,test]" setuptools wheel
	touch $@
