# Everything runs in .venv, made from constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check format golden bench clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(INSTALLED) ## The whole loop on an embedded Postgres: a few minutes, nothing else needed
	$(BIN)/schema-evolve demo

test: $(INSTALLED) ## All tests but the slow ones
	$(BIN)/python -m pytest -m 'not slow'

test-slow: $(INSTALLED) ## The slow tests: whole demos, large inputs
	$(BIN)/python -m pytest -m slow

check: $(INSTALLED) ## Format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(INSTALLED) ## Rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(INSTALLED) ## Rewrite expected outputs, to be read in the diff
	SCHEMA_EVOLVE_GOLDEN=write $(BIN)/python -m pytest -q tests/unit tests/test_docs.py

bench: $(INSTALLED) ## The published figures, one JSON object a benchmark
	$(BIN)/python -m benchmarks.twin
	$(BIN)/python -m benchmarks.index_sizes
	$(BIN)/python -m benchmarks.belief
	$(BIN)/python -m benchmarks.train_prior
	$(BIN)/python -m benchmarks.calibration
	$(BIN)/python -m benchmarks.measured_gain
	$(BIN)/python -m benchmarks.index_advice --peers
	$(BIN)/python -m benchmarks.index_advice --workload tpcds --peers
	$(BIN)/python -m benchmarks.advice_stability
	$(BIN)/python -m benchmarks.advice_stability --workload tpcds --seeds 5
	$(BIN)/python -m benchmarks.advice_scale
	$(BIN)/python -m benchmarks.predict_scale
	$(BIN)/python -m benchmarks.degradation
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.lineage
	$(BIN)/python -m benchmarks.lineage_accuracy
	$(BIN)/python -m benchmarks.graph_stores
	$(BIN)/python -m benchmarks.network

clean: ## Remove the environment and everything generated
	rm -rf .venv .bench schema-evolve-demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
