# Two commands matter: `make demo` does the main job, `make test` proves it.
# Both make their own virtual environment in .venv.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TARGET ?= reference

.PHONY: demo test test-long bench lint format servers clean

# Rebuilt when what it was installed from changes.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Stepwedge needs Python 3.11 or newer: say make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/stepwedge demo --target $(TARGET) $(if $(TLS),--tls)

# The real servers that the tests run against, and the validator of what we write.
servers:
	./tests/install-servers

test: $(VENV)/.installed servers lint
	$(BIN)/python -m pytest tests -q -n 3 --dist worksteal

test-long: $(VENV)/.installed servers
	$(BIN)/python -m pytest tests -q --long

bench: $(VENV)/.installed servers
	./benchmarks/peers/install
	$(BIN)/python -m benchmarks

lint: $(VENV)/.installed typecheck-tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p stepwedge

# mypy does not follow setuptools' package-dir, so the import map is laid out as links.
.PHONY: typecheck-tree
typecheck-tree:
	@rm -rf build/typecheck && mkdir -p build/typecheck/stepwedge
	@ln -s $(CURDIR)/stepwedge/* build/typecheck/stepwedge/
	@for room in fixtures loadtests reports suites synthetic; do ln -s $(CURDIR)/$$room build/typecheck/stepwedge/$$room; done

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache
