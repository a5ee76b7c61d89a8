# Every task of the project; `make help` lists them.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
LOCKED := --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-emit-index-url --no-header
export PYTHONUTF8 := 1

.PHONY: help demo test extras lint bench bench-log bench-cases bench-identity lock clean

help: ## List the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.runtime: requirements.lock pyproject.toml
	@echo "Installing what requirements.lock names, into $(VENV): a minute or two, once. 正在安装依赖，首次约需一两分钟。"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.test: $(VENV)/.runtime requirements-test.lock
	@echo "Installing what the tests need besides: about a minute, once. 正在安装测试所需依赖。"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-test.lock
	touch $@

demo: $(VENV)/.runtime ## The main job, embedded: five registries in, one verified bundle out (ONCE=1 ends instead of serving)
	$(BIN)/hub demo $(if $(ONCE),--once)

test: $(VENV)/.test ## The whole test suite, on a real PostgreSQL from a wheel
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

$(VENV)/.extras: $(VENV)/.test requirements-extras.lock
	@echo "Installing Spark and Splink (500 MB): some minutes, once. 正在安装 Spark 与 Splink。"
	$(BIN)/python -m pip install --quiet --no-build-isolation --require-hashes -r requirements-extras.lock
	touch $@

extras: $(VENV)/.extras ## Spark as executor and Splink as trainer (500 MB), for their tests; Spark needs Java 17

lint: $(VENV)/.test ## ruff, mypy
	$(BIN)/ruff check hub adapters tests
	$(BIN)/ruff format --check hub adapters tests
	$(BIN)/mypy

$(VENV)/.bench: $(VENV)/.test requirements-bench.lock
	@echo "Installing the peers to measure beside: some minutes, once. 正在安装对比测试所需依赖。"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bench.lock
	touch $@

bench: $(VENV)/.test ## Exchanges, intake and memory beside their floors (ARGS go to the program)
	$(BIN)/python -m tests.bench $(ARGS)

bench-log: $(VENV)/.test ## The log: entries per second with receipts, verification, proofs, take-over
	$(BIN)/python -m tests.bench.log $(ARGS)

bench-cases: $(VENV)/.test ## Checklists over HTTP
	$(BIN)/python -m tests.bench.cases $(ARGS)

bench-identity: $(VENV)/.bench ## Identity matching beside Splink and recordlinkage, in one run (ARGS=--large: ten million records too; ARGS=--help)
	$(BIN)/python -m tests.bench.identity $(ARGS)

lock: ## Resolve the lock files anew (needs uv)
	uv pip compile --quiet pyproject.toml $(LOCKED) --extra build -o requirements.lock
	uv pip compile --quiet pyproject.toml $(LOCKED) --extra build --extra test --extra pkcs11 -c requirements.lock -o requirements-test.lock
	uv pip compile --quiet pyproject.toml $(LOCKED) --extra build --extra spark --extra train -c requirements-test.lock -o requirements-extras.lock
	uv pip compile --quiet pyproject.toml $(LOCKED) --extra build --extra test --extra pkcs11 --extra bench -c requirements-test.lock -o requirements-bench.lock

clean: ## Remove the environment and what the demo made
	rm -rf $(VENV) var
