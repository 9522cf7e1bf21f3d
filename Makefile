# On a machine with Python, pip, make and git: make demo, make test, make docs; each installs what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := results/runs/demo
# Tests start dozens of processes: what one has compiled, the others need not.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo test suite lint types slow docs reference clean

install: $(VENV)/.ready

demo: $(VENV)/.ready
	$(BIN)/relight compare guo45/fault-0400 guo45/fault-1000 guo45/field-0400 guo45/field-1000 guo45/calibrated-0400 guo45/calibrated-1000 --strategies dynamic,static --out $(DEMO) --overwrite

test: lint
	$(MAKE) -j 2 types suite

suite: $(VENV)/.ready
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready
	$(BIN)/pyright

# PART=tests/sim/cosim runs a part of them. The data of SimBench, 380 MB, are for these tests only; without them theirs
# are skipped.
slow: $(VENV)/.ready
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[simbench]'
	$(BIN)/python -m pytest -n auto --dist worksteal -m slow --write-slow benchmarks/slow.md $(PART)

docs: $(VENV)/.ready
	$(BIN)/mkdocs build --strict
	@echo "docs: build/site/index.html"

reference: $(VENV)/.ready
	$(BIN)/python tools/schema_pages.py
	$(BIN)/python tools/command_page.py
	$(BIN)/python tools/library_page.py
	$(BIN)/python tools/kinds_page.py
	$(BIN)/python tools/formulation_page.py
	$(BIN)/python tools/networks_page.py

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
