# What a person types is what CI types. The only needs: Python 3.11 or newer with its venv module, and make
# (plus npm for `make test-agents`). Everything made here lives in .venv/ and .cache/.

# The first Python on PATH that runs and is new enough; `make PYTHON=/path/to/python3` names another.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
RUNNER ?= rehearsal
BIN := .venv/bin
READY := .venv/.ready
AGENTS := .cache/agents

.PHONY: run test test-fast test-agents binary test-binary test-chroot check format bench clean \
	coverage mutants soak year chaos survivors sweep faults machines streams fuzz

run: $(READY)
	RUNNER="$(RUNNER)" .ci/demo

# The tests of core and store run below coverage, which wants every branch of those: see `coverage`.
test: coverage
	$(BIN)/python -m pytest -m "not agents and not binary" --ignore=tests/core --ignore=tests/store

test-fast: $(READY)
	$(BIN)/python -m pytest -q -m "not agents and not binary and not process and not slow"

# Every branch of core/ and store/, or it fails. Cases that run as another user write what they went through too,
# so that lies where everybody may write.
coverage: $(READY)
	data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && chmod 1777 "$$data" && \
	export COVERAGE_FILE="$$data/data" && $(BIN)/coverage run -m pytest tests/core tests/store && \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report

# Every small change to what decides fails a test, or is argued in tests/mutants/equivalent.txt. Takes minutes.
mutants: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[proof]'
	$(BIN)/python tests/mutants/compare.py

test-agents: $(READY) $(AGENTS)/.ready
	$(BIN)/python -m pytest -m agents tests/agents

# One native file, dist/looop; `make test-binary` points at it what elsewhere runs this checkout.
binary: $(READY)
	launcher/build $(PYTHON)

test-binary: binary
	TESTED_LOOOP=$(CURDIR)/dist/looop $(BIN)/python -m pytest tests/binary tests/story \
		tests/engine/test_attach_for_real.py tests/engine/test_hostile_callers.py tests/cli/test_completion_shells.py

# A whole day of the one file in an empty root and on Debian 11: as root, with debootstrap and busybox-static.
test-chroot: binary
	tests/binary/chroots dist/looop

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/project/test_size.py tests/project/test_rules.py
	$(BIN)/python tests/support/source.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Every figure, into benchmarks/RESULTS.md: ten minutes of an otherwise idle machine. With dist/looop, the file's too.
bench: $(READY)
	$(BIN)/python benchmarks/results.py

# How keeper and engine look over an hour with 50 busy sessions; `make soak SOAK="--idle --for 10m"`.
soak: $(READY)
	$(BIN)/python benchmarks/soak.py $(SOAK)

# The proofs of docs/robustness.md in full, by hand: minutes to hours each. What `make test` has of them is bounded.
year: $(READY)
	$(BIN)/python tests/year/run.py --days 365 --seed 1

faults: $(READY)
	$(BIN)/python tests/faults/run.py $(FAULTS)

machines: $(READY)
	MACHINES=20 $(BIN)/python -m pytest tests/machines -o timeout=3600

chaos: $(READY)
	for seed in 1 2 3 4 5 6; do $(BIN)/python tests/chaos/run.py --seed $$seed --steps 500 || exit 1; done

survivors: $(READY)
	SURVIVORS=all $(BIN)/python -m pytest tests/story/test_survivors.py

sweep: $(READY)
	$(BIN)/python tests/sweep/run.py $(SWEEP)

streams: $(READY)
	PYTHONPATH=tests $(BIN)/python tests/support/hostile_streams.py 200000

fuzz: .cache/fuzz/.ready
	.cache/fuzz/venv/bin/python tests/fuzz/run.py $(FUZZ)

.cache/fuzz/.ready: pyproject.toml
	$(PYTHON) -m venv .cache/fuzz/venv
	.cache/fuzz/venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]' atheris==3.0.0
	touch $@

clean:
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build
	find looop tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment for running, testing and checking. trio-typing brings stubs that hide the types which Trio
# and outcome carry themselves; without them mypy sees those (docs/decisions/0002-trio-typing.md).
$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "looop needs Python 3.11 or newer with venv; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,check,typing]'
	rm -rf .venv/lib/python3.*/site-packages/trio-stubs .venv/lib/python3.*/site-packages/outcome-stubs
	touch $@

# The real agents, at the versions that tests/agents/package.json pins; a version that answers differently is an
# error here, never a skipped test later.
$(AGENTS)/.ready: tests/agents/package.json
	mkdir -p $(AGENTS)
	cp tests/agents/package.json $(AGENTS)/package.json
	cd $(AGENTS) && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	PATH="$(CURDIR)/$(AGENTS)/node_modules/.bin:$$PATH" tests/agents/installed $(AGENTS)/package.json
	touch $@
