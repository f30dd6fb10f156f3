# `make` alone prints the targets. `make demo` and `make test` are all a newcomer needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do "$$p" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 14)))' 2>/dev/null && { echo "$$p"; break; }; done)
LOCK := deploy/requirements/dev.lock
STAMP := $(VENV)/.ready
PEOPLE ?=
OUT ?= demo-out
SEEDS ?= 1:21
FAULTS ?= 60
REPLICAS ?= 2
SEED ?=
PLAN ?=
ARGS ?=

.PHONY: help setup demo test check simulate chaos bench bench-pipeline bench-matching lock contracts format clean

help: ## print the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv with everything in it (uv if present, else pip)

$(STAMP): $(LOCK) pyproject.toml
	@test -n "$(PYTHON)" || { echo "Tandem needs Python 3.11, 3.12 or 3.13 on the PATH; none was found." >&2; exit 1; }
	@if uv --version >/dev/null 2>&1; then \
		{ test -x $(BIN)/python || uv venv -q --python "$(PYTHON)" $(VENV); } && \
		uv pip sync -q --python $(BIN)/python $(LOCK) && uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
		{ test -x $(BIN)/pip || "$(PYTHON)" -m venv $(VENV); } && \
		$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r $(LOCK) && \
		$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@$(BIN)/python -m services.matching.engine.warm
	@touch $@

demo: setup ## show the main job: from a people file to held sessions (PEOPLE=file.csv OUT=folder)
	@$(BIN)/tandem demo $(if $(PEOPLE),--people "$(PEOPLE)") --out "$(OUT)"

test: setup ## run all tests
	$(BIN)/python -m tests.run

check: setup ## formatting, lint, types, architecture, contracts (under a minute)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/pytest -q tests/architecture tests/contracts

simulate: setup ## live simulated months under faults, repeatable (SEEDS=FROM:TO PLAN=file JOBS=n STATE=file SUMMARY=file ENUMERATE=1)
	$(BIN)/python -m tests.simulation.explore "$(SEEDS)" $(if $(PLAN),--plan "$(PLAN)") $(if $(JOBS),--jobs $(JOBS)) \
		$(if $(STATE),--state "$(STATE)") $(if $(SUMMARY),--summary "$(SUMMARY)") $(if $(ENUMERATE),--enumerate)

chaos: setup ## the real suite on three brokers under faults: kill, stop, cut, delay, fill (FAULTS=n SEED=n REPLICAS=n)
	@$(BIN)/python -m tests.chaos --faults "$(FAULTS)" --replicas "$(REPLICAS)" $(if $(SEED),--seed "$(SEED)")

bench: setup ## measure: import, relay, consumer, latency, idle footprint (ratios in one run, JSON report)
	$(BIN)/python -m tests.bench

bench-pipeline: setup ## measure the message path: beside loops by hand, latency, growth, backlog (--quick: ARGS=--quick)
	$(BIN)/python -m tests.bench.pipeline $(ARGS)

bench-matching: setup ## measure the optimiser: time, memory and gap by size, beside other solvers
	$(BIN)/python -m tests.bench.matching

contracts: setup ## write schemas, catalogue and AsyncAPI anew from the contracts
	$(BIN)/python -m shared.contracts.publishing

format: setup ## format and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## resolve the dependencies anew into hash-pinned lock files (needs uv)
	uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url pyproject.toml -o deploy/requirements/runtime.lock
	uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --group dev --group local pyproject.toml -o $(LOCK)

clean: ## remove what was made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache demo-out bench-out chaos-out build dist *.egg-info
