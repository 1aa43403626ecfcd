# Two commands matter: `make run` shows the main job on real market data, `make test` passes the tests.
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
TORCH := torch==2.13.0
TORCH_CPU := https://download.pytorch.org/whl/cpu
FITS := import sys, venv, ensurepip; raise SystemExit(not (3, 11) <= sys.version_info[:2] < (3, 15))
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c '$(FITS)' 2>/dev/null && { echo $$p; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help install run format check test test-full eval bench all clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 to 3.14 with venv found; install one (Debian: apt install python3-venv) or set PYTHON=..."; exit 2; }
	@$(PYTHON) -m venv $(VENV)

# torch first and alone: without this an ordinary Linux machine would download the CUDA packages
$(VENV)/.installed: pyproject.toml $(LOCK) | $(BIN)/python
	@echo "installing (a minute or two the first time)"
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install -q --disable-pip-version-check --no-deps --retries 1 --timeout 15 --extra-index-url $(TORCH_CPU) $(TORCH)
	@$(BIN)/pip install -q --disable-pip-version-check -c $(LOCK) -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(BIN)/pip install -q --disable-pip-version-check -c $(LOCK) -e '.[dev]'
	@touch $@

install: $(VENV)/.installed ## Create .venv with pinned dependencies and the tradecraft command

run: $(VENV)/.installed ## Walk forward on real market data and draw the report (no key, no network)
	@$(BIN)/tradecraft demo

format: $(VENV)/.installed-dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: $(VENV)/.installed-dev ## Format, lint, types, import layers, lock
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@! grep -nE '@ file|\+cpu|/home/|https?://' $(LOCK) || { echo "error: $(LOCK) names a path, a host or a local version"; exit 1; }

test: $(VENV)/.installed-dev ## Pass the tests (minutes on two cores)
	@$(BIN)/python -m pytest -m "not slow"

test-full: $(VENV)/.installed-dev ## Pass the tests and the long suites
	@$(BIN)/python -m pytest

eval: $(VENV)/.installed ## Ask whether it learns what is there and nothing that is not (under 2 minutes)
	@$(BIN)/tradecraft eval

bench: $(VENV)/.installed ## Measure this machine
	@$(BIN)/tradecraft bench

all: check test run ## Everything

clean: ## Remove what was installed and cached
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
