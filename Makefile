# make help lists what there is. Nothing needs to be installed by hand but Python 3.11+, git and make.

PYTHON ?= python3
BIN := .venv/bin
# How many processes share the tests; each has servers of its own.
TEST_PROCESSES ?= 2
SCREENSHOTS ?= --all
# Settings with which lint can import the product; nothing listens there.
NO_SERVERS := SECRET_KEY=lint DATABASE_URL=postgresql://lint@127.0.0.1:1/lint REDIS_URL=redis://127.0.0.1:1/0

.PHONY: help install demo up demo-check test lint audit messages schema bench scale screenshots soak drill-failover drill-restore drill-upgrade
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is needed (Debian: apt install python3-venv)"; exit 1; }

.venv/runtime.stamp: .venv/pyvenv.cfg requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.venv/bench.stamp: .venv/dev.stamp requirements-bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

install: .venv/runtime.stamp  ## make .venv with what the product needs

demo: install  ## start everything with the Fujian pilot; Ctrl-C stops it, the data are kept
	@$(BIN)/python -m config.run demo

up: install  ## start everything without demo data
	@$(BIN)/python -m config.run up

demo-check: install  ## start a demo of its own, drive one season over HTTP, verify, stop
	@$(BIN)/python -m config.run demo-check

# The browser has a run of its own: what drives it switches stacks within the process, which has crashed what came after.
# The code is compiled once for all programs that tests start, also where Python is told not to keep what it compiles.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/dev.stamp  ## run every test, on a real PostgreSQL, Redis, Celery worker and browser
	@$(BIN)/python -m compileall -q -j 0 config ledger trading
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal --ignore tests/browser
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal tests/browser

lint: .venv/dev.stamp  ## ruff, mypy, import-linter, missing migrations and translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NO_SERVERS) $(BIN)/mypy config ledger trading
	$(BIN)/lint-imports
	$(NO_SERVERS) $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	$(BIN)/python -m config.messages check

audit: .venv/dev.stamp  ## known holes of packages, secrets in files, unsafe code, packages that are not needed
	$(BIN)/python -m config.operations.audit

messages: .venv/dev.stamp  ## gather what is to be translated, and compile what is
	@$(BIN)/python -m config.messages update

schema: install  ## write docs/openapi.yaml anew
	$(NO_SERVERS) $(BIN)/python -W ignore manage.py spectacular --lang en --validate --fail-on-warn --file docs/openapi.yaml

bench: .venv/bench.stamp  ## measure, print a table, and write var/bench.json; BENCH=quick has a look
	@$(BIN)/python -m tests.benchmarks

scale: .venv/dev.stamp  ## measure what a settled trade costs, and what more shards bring (docs/scaling.md)
	@$(BIN)/python -m tests.operations.hosts.scale

screenshots: .venv/dev.stamp  ## take the pictures of docs/images, and of every page to var/screenshots (SCREENSHOTS= for docs alone)
	@$(BIN)/python -m tests.browser screenshots $(SCREENSHOTS)

soak: .venv/dev.stamp  ## 200 participants trade for half an hour (SOAK_SECONDS, SOAK_PARTICIPANTS) while everything is killed; a report with plots
	@$(BIN)/python -m tests.soak

drill-failover: .venv/dev.stamp  ## lose Redis, kill the primary database under load, promote its standby, and compare what clients were told
	@$(BIN)/python -m tests.operations.failover

drill-restore: .venv/dev.stamp  ## trade, lose the database, restore it from its backup, and check everything (docs/backup.md)
	@$(BIN)/python -m tests.operations.backup

drill-upgrade: .venv/dev.stamp  ## migrate a release while a market trades on a large database (docs/upgrades.md)
	@$(BIN)/python -m tests.operations.upgrades
