# Everything a fresh machine needs: Python 3.11 or newer, make, and a package index.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test check lock bench soak

install: .venv/installed

# The mark is newer than its inputs when nothing has to be done.
.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Channelhub needs Python 3.11 or newer; call make PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install
	@$(BIN)/channelhub demo

test: install
	@scripts/test

check: install
	@scripts/check

bench: install
	@$(BIN)/python -m benchmarks

soak: install
	@scripts/test -m soak --hypothesis-profile=default

# For maintainers: needs uv. Names no index, so that the lock fits every index.
lock:
	@uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url requirements.in -o requirements.lock
