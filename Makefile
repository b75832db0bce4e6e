# make demo   set up (once) and train the baseline on rendered twins: half a minute of training on a quiet core
# make test   set up the test tools (once) and run all checks and tests
# make gpu    with a GPU: is everything right there, and how fast? nine minutes, written to benchmarks/gpu.md
# make clusters  a real SLURM and a real Ray on this machine, through what goes wrong on clusters: some 15 minutes
# make site   the documentation as a site, built strictly into site/
# make bench  measure against named references: some 15 minutes, written to benchmarks/results.md
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test

.PHONY: demo test check unit acceptance bench gpu clusters site clean

demo: $(INSTALLED)
	$(BIN)/python -m faceswap_lab

# four at once on two cores: many of them wait for processes of their own; those that do come first, as they lie
test: check
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

check: $(INSTALLED_TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(INSTALLED_TEST)
	$(BIN)/python -m pytest -m "not acceptance"

acceptance: $(INSTALLED_TEST)
	$(BIN)/python -m pytest -m acceptance

bench: $(INSTALLED_TEST)
	$(BIN)/python -m benchmarks

site: $(INSTALLED_TEST)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# whatever Python there is: it needs torch with CUDA, and says what else is missing
gpu:
	$(or $(wildcard $(BIN)/python),$(PYTHON)) -m benchmarks.gpu

clusters: $(INSTALLED_TEST)
	$(BIN)/python -m pytest --clusters tests/acceptance/test_slurm.py tests/acceptance/test_ray.py

# torch first and by itself: pip brings the build that suits the machine (with a GPU: some gigabytes of CUDA beside it)
$(INSTALLED): pyproject.toml constraints.txt
	@echo "Setting up $(VENV): a few minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(PIP) install torch -c constraints.txt
	$(PIP) install -e . -c constraints.txt
	touch $@

$(INSTALLED_TEST): $(INSTALLED)
	$(PIP) install -e ".[test,parallel,slurm,ray,optuna,dashboard]" -c constraints.txt
	bash scripts/chromium.sh
	bash scripts/slurm.sh install
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
