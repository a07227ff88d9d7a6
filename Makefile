# One environment in .venv; every verb makes or refreshes it first. `make help` lists the verbs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The extra that fits this machine's NVIDIA driver, none without a GPU; `make demo EXTRA=` leaves it out.
EXTRA ?= $(shell $(PYTHON) -I -S render/compute/driver.py --extra)
.DEFAULT_GOAL := help
.PHONY: help demo test prove lint types check bench verify gpu golden docs clean

help: ## list the verbs
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

$(VENV)/.run: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.$(EXTRA:%=[%])'
	@touch $@

$(VENV)/.dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev$(EXTRA:%=,%)]'
	@touch $@ $(VENV)/.run

demo: $(VENV)/.run ## install, render 20 seconds of dvd_video, say where the file is
	$(BIN)/render run --preset dvd_video --duration 20s --out renders/demo --restart
	@echo "The film is renders/demo/demo.mpg; $(BIN)/render --help shows what else there is."

test: $(VENV)/.dev ## install with development tools and run the test suite, without the long proofs
	$(BIN)/python -m pytest -n auto -m "not slow"

prove: $(VENV)/.dev ## the long proofs: kills, workers, queues, discs, every benchmark
	$(BIN)/python -m pytest -n auto -m slow

lint: $(VENV)/.dev ## style
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.dev ## static types
	$(BIN)/mypy

check: lint types test ## everything a commit must pass

# `make bench OPTIONS='--quick --out bench/quick'` shows that all of it works, and leaves the published figures alone.
bench: $(VENV)/.dev ## measure, also against the original's algorithm; writes benchmarks/results/, its report and README's figures
	$(BIN)/python -m benchmarks $(OPTIONS) && $(BIN)/python -m benchmarks $(OPTIONS) --plot

# The reference is slow, so worlds are small here.
DUT ?= cpu
FRAMES ?= 256
VERIFY = $(BIN)/render verify --set picture.width=480 --set picture.height=270

verify: $(VENV)/.run ## every exact engine in lockstep, reference against DUT=cpu; then the verifier against a backend that is wrong
	$(VERIFY) --dut $(DUT) --frames $(FRAMES) --preset particles_cells --set engine.particles=1500
	for preset in gs_medusa life_embers excitable_medium cyclic_turbulence; do \
	  $(VERIFY) --dut $(DUT) --frames $(FRAMES) --preset $$preset || exit 1; done
	! $(VERIFY) --dut faulty:5 --frames 8 --no-bundle --preset gs_medusa

# `make gpu WHEELS=folder` uses this Python's own packages and those wheels, without a network.
GPU_SITE := .gpu-site
GPU_NEEDS := $(if $(WHEELS),$(GPU_SITE)/.made,$(VENV)/.dev)
GPU_PYTHON := $(if $(WHEELS),PYTHONPATH=$(GPU_SITE):. $(PYTHON),$(BIN)/python)

$(GPU_SITE)/.made: $(wildcard $(WHEELS)/*.whl)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-index --no-deps --upgrade --target $(GPU_SITE) $(WHEELS)/*.whl
	@touch $@

gpu: $(GPU_NEEDS) ## prove and measure the GPU path on this machine's GPU; OPTIONS=--quick, WHEELS=folder without network
	$(GPU_PYTHON) -m benchmarks.gpu $(OPTIONS)

golden: $(VENV)/.dev ## rewrite the golden digests; a change in them must be wanted
	$(BIN)/python -m pytest tests/test_golden.py --update-golden

docs: $(VENV)/.dev ## rewrite docs/presets.md from the models
	$(BIN)/render presets schema --format markdown > docs/presets.md

clean: ## remove the environment and caches
	rm -rf $(VENV) $(GPU_SITE) .pytest_cache .mypy_cache .ruff_cache
