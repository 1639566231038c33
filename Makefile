# Everything runs from .venv, which is made from hashed lock files and kept current by stamp files.

VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
ARGS ?=
PYTEST_ARGS ?=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

# Checks read an instance of their own, never the one someone runs from this checkout.
CHECK_DIR := build/check
check-code check-django: export HUB_DATA_DIR := $(CURDIR)/$(CHECK_DIR)/data
check-code check-django: export HUB_ENV_FILE := $(CURDIR)/$(CHECK_DIR)/.env

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test test-parts check check-dir check-code check-django bench docs images lock format clean
.NOTPARALLEL:

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.runtime ## Create .venv with what the hub needs to run

run: install ## Start the hub (ARGS="--bind 127.0.0.1:9000" and the like)
	@exec $(BIN)/python manage.py serve $(ARGS)

test: $(VENV)/.dev test-parts ## Run every test, browser and PostgreSQL included (PYTEST_ARGS="-k setup", WORKERS=4)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

test-parts:
	@tools/install-test-parts.sh

check: $(VENV)/.dev check-code check-django ## Check style, types, layers, migrations and deployment settings

check-dir:
	@rm -rf $(CHECK_DIR) && mkdir -p $(CHECK_DIR) && touch $(CHECK_DIR)/.env

check-code: $(VENV)/.dev check-dir
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check-django: $(VENV)/.dev check-dir
	$(BIN)/python manage.py bootstrap
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check --deploy --fail-level WARNING

bench: $(VENV)/.bench ## Measure reads and propagation, side by side with other libraries
	$(BIN)/python -m bench $(ARGS)

docs: install ## Write the generated documentation anew
	$(BIN)/python manage.py config docs --write

images: $(VENV)/.dev test-parts ## Take the pictures of the README anew
	$(BIN)/python -m pytest -q tests/hub/test_first_run.py
	cp build/photographs/readme-dashboard.png docs/images/dashboard.png
	cp build/photographs/readme-editor.png docs/images/editor.png

lock: $(VENV)/.dev ## Resolve the lock files anew (ARGS=--upgrade for newer versions)
	tools/lock.sh $(ARGS)

format: $(VENV)/.dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

clean: ## Remove .venv, caches and build results; an instance's data stays
	rm -rf $(VENV) build dist *.egg-info .coverage* htmlcov
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +

# Each lock file contains the one before it, so a later stamp vouches for the earlier ones too.
$(BIN)/python:
	@tools/create-venv.sh $(VENV)

$(VENV)/.runtime: requirements/runtime.txt $(BIN)/python
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(PIP) -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(BIN)/python
	@echo "Installing the locked development dependencies into $(VENV) ..."
	@$(PIP) -r $<
	@touch $(VENV)/.runtime $@

$(VENV)/.bench: requirements/bench.txt $(BIN)/python
	@echo "Installing the locked benchmark dependencies into $(VENV) ..."
	@$(PIP) -r $<
	@touch $(VENV)/.runtime $(VENV)/.dev $@
