# One entry for everything: `make demo` shows the main job, `make test` proves it. Needs Python 3.11+, Git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

.PHONY: help demo serve test lint bench format lock wheel clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (Debian: apt install python3)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "The venv module is missing (Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): $(BIN)/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(RUNTIME) ## set everything up, run the main job visibly, verify the log
	$(BIN)/gateway demo

serve: $(RUNTIME) ## the same set-up, then keep the gateway and the simulated Meldebehörde running
	$(BIN)/gateway demo --serve

test: $(DEV) ## every test that this machine can run; the rest is skipped with the package to install
	$(BIN)/python -m pytest

lint: $(DEV) ## style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV) ## ratios against the floor, memory of a serving process
	$(BIN)/python -m bench

format: $(DEV) ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## resolve the locked dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build -o requirements.lock pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

wheel: $(RUNTIME) ## build dist/*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation -w dist .

clean: ## remove what the targets made
	rm -rf $(VENV) dist gateway-demo var
