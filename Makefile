# Needs make and Python 3.11 or newer with venv and pip. Everything else goes into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
LOCK   := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra speed --extra postgres --group build
CODE   := hub channels subscribers tests scripts $(wildcard bench/*.py)

.DEFAULT_GOAL := help
.PHONY: help demo test check prove bench lock clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Set up, replay spring 2020 on this machine, show every message; Ctrl-C ends it
	@$(BIN)/univoque demo

test: $(VENV)/.installed-dev ## Set up and run all tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: $(VENV)/.installed-dev ## Set up and run format, lint, types and import checks
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --strict $(CODE)
	@$(BIN)/lint-imports

prove: $(VENV)/.installed-dev ## Set up and run the long proofs, which print what they counted
	@$(BIN)/python -m pytest -q -s -m prove

bench: $(VENV)/.installed-dev ## Measure e-mail from approval to the last acceptance, SMS, kills and the ledger, beside their peers
	@missed=0; for bench in compare into_postfix sms control ledger; do \
	  echo; $(BIN)/python bench/$$bench.py || missed=1; done; exit $$missed

lock: $(VENV)/.made ## Write the lock files anew from pyproject.toml
	@$(PIP) install uv
	@$(BIN)/uv pip compile $(LOCK) pyproject.toml --quiet --upgrade --output-file requirements.lock
	@$(BIN)/uv pip compile $(LOCK) --group dev pyproject.toml --quiet --upgrade --output-file requirements-dev.lock

clean: ## Remove .venv, caches and the demo's data
	@rm -rf $(VENV) demo-data dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp per set-up: it runs once, and again when a lock changes.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Univoque needs Python 3.11 or newer; '$(PYTHON)' is not. Name another one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' lacks venv. On Debian and Ubuntu: apt install python3-venv; then try again." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (about a minute, once) …"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "Adding what tests and checks need …"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
