# Two commands on a fresh machine with Python 3.11 or newer, make and a package index:
#
#   make demo   make an environment, install, assess one patient
#   make test   make an environment, run every check that continuous integration runs
#
# `make help` lists the rest. PYTHON=python3.13 make … chooses another interpreter.

PYTHON  ?= python3
VENV    := .venv
PY      := $(VENV)/bin/python
SAMPLE  ?= sample_labs/hd-warfarin-58f.yaml
FUZZ_SECONDS ?= 300
FUZZ_KINDS   ?= yaml json ndjson line flags
FUZZED       ?= .fuzz
SCRIPTS := calcrisk tools tests benchmarks

# pip says nothing unless something is wrong
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# hundreds of processes are started: each would compile the program again
unexport PYTHONDONTWRITEBYTECODE
PIP := $(PY) -m pip install --quiet

# One thing after the other, also under `make -j`: the checks are ordered from quick to slow, and pytest uses every core.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo test format lint types generate stale wheel cover volume lowest spark gold picture bench bench-cohort fuzz clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -e 's/:.*## /\t/' | expand -t 12

# The environment of `make demo` has what a user has; `make test` adds the tools to the same one.
$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml calcrisk/_version.py
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(PIP) --upgrade 'pip>=25.1' # older ones do not know --group
	$(PIP) --no-compile --group dev # what is imported is compiled then
	@touch $@

demo: $(VENV)/.installed ## assess one sample patient
	$(VENV)/bin/calcrisk assess $(SAMPLE)

# The environments of other Pythons are made while linters run on one processor.
test: $(VENV)/.dev ## every check, in the order of continuous integration
	@$(PY) tools/other_pythons.py --prepare & preparing=$$!; \
	$(MAKE) --no-print-directory lint types stale wheel; quick=$$?; \
	wait $$preparing && exit $$quick
	@$(MAKE) --no-print-directory cover volume lowest

format: $(VENV)/.dev ## let ruff format and mend what it can
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lint: $(VENV)/.dev ## format and lint, checked only
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

# The consumer is checked as a stranger's code is: against the installed, typed package.
types: $(VENV)/.dev ## mypy on everything, mypy and pyright on a small typed consumer
	$(PY) -m mypy
	$(PY) -m basedpyright

generate: $(VENV)/.dev ## write the generated files again: rulebook.json, background.json, patient.py, options.py, two of docs
	$(PY) tools/compile_rulebook.py
	$(PY) tools/generate_patient.py
	$(PY) tools/generate_docs.py

stale: $(VENV)/.dev ## fail when a generated file is not what its source says
	$(PY) tools/compile_rulebook.py --check
	$(PY) tools/generate_patient.py --check
	$(PY) tools/generate_docs.py --check

wheel: $(VENV)/.dev ## build the wheel, install it into an empty environment, run it from there
	$(PY) tools/check_wheel.py $(SAMPLE)

cover: $(VENV)/.dev ## the tests on the newest Python at hand, with branch coverage, subprocesses included
	$(PY) tools/other_pythons.py --newest

volume: $(VENV)/.dev ## the tests over many inputs: ten thousand mutants, every real draw
	$(PY) -m pytest --numprocesses auto --dist worksteal -m volume

lowest: $(VENV)/.dev ## those that can differ, on the oldest Python at hand with the oldest dependencies of pyproject.toml
	$(PY) tools/other_pythons.py --lowest

spark: $(VENV)/.dev ## the tests on Spark, which brings 500 MB and needs Java 17; elsewhere they are skipped
	$(PIP) --group spark
	$(PY) -m pytest tests/test_spark.py tests/test_spark_text.py tests/test_spark_cluster.py tests/test_chemistry_spark.py

gold: $(VENV)/.dev ## write the gold files of the renderers again; read the diff before you keep it
	$(PY) -m pytest --quiet --numprocesses auto --refresh-gold

picture: $(VENV)/.dev ## draw the picture of README.md again; look at it before you keep it
	$(VENV)/bin/calcrisk assess $(SAMPLE) --json -o $(VENV)/picture.json
	$(PY) tools/screenshot.py $(VENV)/picture.json docs/images/assess.svg --width 96 --lines 52

bench: $(VENV)/.dev ## measure, and write the table of README.md
	$(PY) benchmarks/report.py

bench-cohort: $(VENV)/.dev ## measure tables of ten million rows, and print the tables of docs/performance.md
	$(PY) benchmarks/cohort.py 10000000 1000000
	$(PY) benchmarks/ten_rules_race.py
	$(PY) benchmarks/histories.py
	$(PY) benchmarks/cohort_real.py
	$(PY) benchmarks/cohort_engines.py

# Each notation has a fifth of the time; what was worth keeping waits in $(FUZZED) for the next run.
fuzz: ## coverage-guided fuzzing with atheris, for FUZZ_SECONDS (300) in all
	$(PYTHON) -m venv $(VENV)-fuzz
	$(VENV)-fuzz/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(VENV)-fuzz/bin/python -m pip install --quiet --editable . --group fuzz
	for kind in $(FUZZ_KINDS); do \
	    $(VENV)-fuzz/bin/python fuzz/harness.py $$kind $(FUZZED)/$$kind \
	        -max_total_time=$$(( $(FUZZ_SECONDS) / $(words $(FUZZ_KINDS)) )) || exit 1; \
	done

clean: ## remove environments, caches and builds
	rm -rf $(VENV) .venv-* build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
