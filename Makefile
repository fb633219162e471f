# Every target sets up what it needs; nothing but Python 3.11, make and pip is assumed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BENCH := .venv-bench
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
# Stories mostly wait for each other's processes: one more at a time than there are cores keeps the cores busy.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PACKAGES := bot providers ratelimit sandbox tests benchmarks

.PHONY: setup demo test check format words bench bench-pool lock clean

setup: $(SETUP)

$(SETUP): requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Greenlight needs Python 3.11 or newer; say which with PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

demo: setup  ## the outside world on loopback, the bot, and a page to play with
	$(BIN)/python -m sandbox

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=25

check: setup  ## format, lint, types, import arrows
	$(BIN)/ruff format --check $(PACKAGES)
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format $(PACKAGES)
	$(BIN)/ruff check --fix $(PACKAGES)

words: setup  ## bring the files of translations up to date with the words in the code
	$(BIN)/python -m bot.languages

bench: setup
	$(BIN)/python -m benchmarks.journey

bench-pool: $(BENCH)/.installed  ## the key pool against its aims and beside its peers, which live in a venv of their own
	$(BENCH)/bin/python -m benchmarks.pool $(SCENARIOS)

$(BENCH)/.installed: requirements-bench.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	touch $@

lock:  ## resolve anew; the files name versions and hashes, never a registry
	$(PYTHON) -m venv .lock && .lock/bin/pip install --quiet pip-tools
	.lock/bin/pip-compile $(LOCK) --output-file=requirements.txt pyproject.toml
	.lock/bin/pip-compile $(LOCK) --extra=dev --constraint=requirements.txt --output-file=requirements-dev.txt pyproject.toml
	.lock/bin/pip-compile $(LOCK) --extra=bench --constraint=requirements.txt --output-file=requirements-bench.txt pyproject.toml
	rm -rf .lock
LOCK := --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

clean:
	rm -rf $(VENV) $(BENCH) .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
