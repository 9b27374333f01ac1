# edgerun: everything sets itself up; `make serve` and `make test` are all one needs.
.DEFAULT_GOAL := help
.PHONY: help serve test lint types floors tests tools bench profile format lock clean

PYTHON ?= python3
BIN := .venv/bin

help: ## what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# One environment with what runs and what checks, exactly as locked. pip shows its own progress.
.venv: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "edgerun needs Python 3.11 or later")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch .venv

serve: .venv ## the demo site with functions at all four points
	@$(BIN)/python -m edgerun serve --hints sites/try-it.txt || test $$? -eq 130

test: lint types floors tests ## everything that must hold

lint: .venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv
	$(BIN)/mypy

floors: .venv
	$(BIN)/lint-imports

tests: .venv tools tests/signing/node_modules
	$(BIN)/python -m pytest --numprocesses auto

# AWS's own signer for JavaScript, exactly as locked; where there is no npm its tests say that they are skipped.
tests/signing/node_modules: tests/signing/package-lock.json
	@if command -v npm >/dev/null; then cd tests/signing && npm ci --no-audit --no-fund --loglevel=error; \
	else echo "no npm: the tests that need it are skipped"; fi

# What some tests run beside node: from Debian's packages for root, else those tests say that they are skipped.
# A line a tool: the command that shows it is there, and the package that brings it.
TOOLS := curl:curl openssl:openssl redis-server:redis-server chromium:chromium njs:njs esbuild:esbuild

tools:
	@missing=; for tool in $(TOOLS); do command -v $${tool%%:*} >/dev/null || missing="$$missing $${tool##*:}"; done; \
	test -z "$$missing" && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing$$missing "; \
	  apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else echo "not here:$$missing; what needs them is skipped"; fi

# The baselines of the benchmarks, and what makes the load.
BASELINES := nginx:nginx wrk:wrk varnishd:varnish squid:squid haproxy:haproxy

bench: .venv ## measure beside nginx, varnish, squid, haproxy and bare uvicorn (BENCH="--only hit --rounds 3")
	@PATH="$$PATH:/usr/sbin" $(MAKE) --no-print-directory tools TOOLS="$(BASELINES)"
	$(BIN)/python -m benchmarks $(BENCH)

profile: .venv ## a flame graph of one scenario (SCENARIO="hit 1 KiB")
	@PATH="$$PATH:/usr/sbin" $(MAKE) --no-print-directory tools TOOLS="$(BASELINES)"
	$(BIN)/python -m benchmarks.profile "$(or $(SCENARIO),hit 1 KiB)"

format: .venv ## put the source in its one form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv ## write requirements.txt anew, with hashes and no addresses
	$(BIN)/python -m pip install --disable-pip-version-check --quiet pip-tools
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --extra dev --generate-hashes --allow-unsafe \
	  --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --output-file requirements.txt pyproject.toml

clean: ## remove what was made
	rm -rf .venv .edgerun .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
