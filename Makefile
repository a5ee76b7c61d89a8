# Every task of the project; `make help` lists them.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
export PYTHONUTF8 := 1

.PHONY: help demo test lint bench lock clean

help: ## List the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.runtime: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.test: $(VENV)/.runtime requirements-test.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-test.lock
	touch $@

demo: $(VENV)/.runtime ## The main job, embedded: five registries in, one verified bundle out (ONCE=1 ends instead of serving)
	$(BIN)/hub demo $(if $(ONCE),--once)

test: $(VENV)/.test ## The whole test suite, on a real PostgreSQL from a wheel
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.test ## ruff, mypy
	$(BIN)/ruff check hub adapters tests
	$(BIN)/ruff format --check hub adapters tests
	$(BIN)/mypy

clean: ## Remove the environment and what the demo made
	rm -rf $(VENV) var
