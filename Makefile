# Every target works from a fresh clone with Python 3.11 or newer and make.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
ENV := .venv/.installed node_modules/.installed
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Jupyter asks its widgets' and debugger's hosts nothing, and tells nobody that it ran
export PYDEVD_DISABLE_FILE_VALIDATION := 1

# what needs neither the whole site nor every figure
QUICK := src/moecalc $(addprefix tests/test_, one_page.py accelerators.py attention.py claims.py columns.py counts.py \
	data.py defaults.py docstrings.py errors.py families.py field_cases.py grpo.py layers.py memory.py mtp.py names.py notebooks.py overlap.py pipeline.py properties.py \
	prose.py published.py routing.py second_route.py stages.py storage.py units.py yarn.py)

.DEFAULT_GOAL := help
.PHONY: help book site serve pdf changelog check test gates bench audit lab pins clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 8

book: site serve ## build the report, serve it, print its address

site: $(ENV) ## build the report into _build/html
	$(BIN)/python -m moebook.site.build

serve: .venv/.installed ## serve what is built
	@$(BIN)/python -m moebook.site.serve --port $(PORT)

pdf: .venv/.installed ## print the built report into one PDF, _build/deepseek-v3-recomputed.pdf
	@$(BIN)/python -m moebook.printing $(PDF_ARGS)

changelog: .venv/.installed ## say which numbers changed: make changelog FROM=COMMIT-OR-FILE TO=COMMIT-OR-FILE
	@$(BIN)/python -m moebook.changes "$(FROM)" "$(TO)"

check: $(ENV) ## the quick loop: units, published numbers, docs, data, layers, one page with its figure in a browser
	$(BIN)/ruff check src tests bench
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile $(QUICK) $(PYTEST_ARGS)

# tests/run_order.py says which tests share a worker; make test PYTEST_ARGS=-n0 runs all in one process
test: $(ENV) ## everything: units, published numbers, docs, pages, the site in a browser
	$(BIN)/ruff check src tests bench
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

gates: $(ENV) ## of the tests: accessibility, keyboard, weight and failure of every page
	$(BIN)/python -m pytest -m gates $(PYTEST_ARGS)

bench: $(ENV) ## time the calculators, the command line and the build
	$(BIN)/python -m bench

audit: site ## measure the built site: Lighthouse, a slow network, the engine at work
	$(BIN)/python -m bench.audit $(AUDIT_ARGS)

lab: $(ENV) ## open the notebooks in JupyterLab
	JUPYTER_CONFIG_PATH=$(CURDIR)/.jupyter:$$JUPYTER_CONFIG_PATH $(BIN)/jupyter lab --notebook-dir=. notebooks

pins: $(ENV) ## compile requirements.txt and package-lock.json anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --extra book --extra test \
		--no-header --no-emit-index-url --no-emit-find-links pyproject.toml --output-file requirements.txt
	sed -i '1i # Exact pins, made by `make pins` from the ranges in pyproject.toml. Do not edit.' requirements.txt
	$(BIN)/npm install --package-lock-only

clean: ## remove the environment and what was built
	rm -rf .venv node_modules _build book/_static/generated

.venv/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

node_modules/.installed: .venv/.installed package.json package-lock.json
	$(BIN)/npm ci --silent
	@touch $@
