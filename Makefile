# Everything runs in .venv. It is installed from lock files with hashes, and stamp files show if it is current.

VENV := .venv
BIN := $(VENV)/bin
# Five processes keep two cores busy, because many tests wait for other processes.
WORKERS ?= 5
ARGS ?=
PYTEST_ARGS ?=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

# Checks use an instance directory of their own, not that of a hub that runs from this checkout.
CHECK_DIR := build/check
check-code check-django: export HUB_DATA_DIR := $(CURDIR)/$(CHECK_DIR)/data
check-code check-django: export HUB_ENV_FILE := $(CURDIR)/$(CHECK_DIR)/.env

# Modules are compiled only once, even if the environment says otherwise: the tests start many processes.
test soak: export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test soak test-parts check check-dir check-code check-django bench docs earlier images lock format clean
.NOTPARALLEL:

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.runtime ## Create .venv with what the hub needs to run

run: install ## Start the hub (for example with ARGS="--bind 127.0.0.1:9000")
	@exec $(BIN)/python manage.py serve $(ARGS)

test: $(VENV)/.dev test-parts ## Run all tests (PYTEST_ARGS="-k setup" selects some, WORKERS=2 uses two processes)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope $(PYTEST_ARGS)

soak: $(VENV)/.dev test-parts ## Run what takes too long for each change: all repetitions, more on PostgreSQL
	SOAK=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope -m "repeats or hypothesis" \
		-o faulthandler_timeout=3600 $(PYTEST_ARGS)

test-parts:
	@tools/install-test-parts.sh

check: $(VENV)/.dev check-code check-django ## Check style, types, imports, migrations and deployment settings

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

bench: $(VENV)/.bench ## Measure the speed, and compare it with other libraries
	$(BIN)/python -m bench $(ARGS)

docs: install ## Write the generated documentation again
	$(BIN)/python manage.py config docs --write

earlier: ## Pack the version that the tests run beside this one (ARGS=COMMIT, the last release)
	git archive --format=tar $(ARGS) manage.py config_app setup_wizard hub templates static | xz -9e \
		> tests/data/earlier_version.tar.xz

images: $(VENV)/.dev test-parts ## Take the screenshots of the README again
	PHOTOGRAPHS=1 $(BIN)/python -m pytest -q tests/hub/test_first_run_browser.py
	cp build/photographs/readme-dashboard.png docs/images/dashboard.png
	cp build/photographs/readme-editor.png docs/images/editor.png

lock: $(VENV)/.dev ## Resolve the lock files again (ARGS=--upgrade for newer versions)
	tools/lock.sh $(ARGS)

format: $(VENV)/.dev ## Format the code and fix what ruff can fix
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

clean: ## Remove .venv, caches and build results, but keep the data of an instance
	rm -rf $(VENV) build dist *.egg-info .coverage* htmlcov
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +

# Each lock file contains the previous one, so a later stamp file also updates the earlier ones.
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
