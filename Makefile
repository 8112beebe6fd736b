# `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup demo data detector portrait finisher ablation runtime wheel test test-oldest lint format type docs clean

PYTHON ?= python3
BIN := .venv/bin
DATA ?= data
PRESET ?= small
MATRIX ?= paper
INSTALLED := .venv/.installed

help:  ## list all targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 13

setup: $(INSTALLED)  ## create .venv with the project and its tools (6 GB; skipped if up to date)

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: setup  ## sample data, a short training, cartoons of unseen faces (12 minutes on two cores)
	$(BIN)/cartoongan demo

data: setup  ## download CelebA, CartoonSet 10k, WIDER FACE and LFW+Net into data/ and check them (4 GB)
	$(BIN)/cartoongan data get celeba --root data
	$(BIN)/cartoongan data get cartoonset10k --root data
	$(BIN)/cartoongan data get wider --root data
	$(BIN)/cartoongan data get lfwnet --root data
	$(BIN)/cartoongan data check --root data

detector: setup  ## train MTCNN stage by stage on DATA (data/; one to two hours of a core); PRESET=tiny for a trial on sample data
	$(BIN)/cartoongan detector train --preset $(PRESET) $(if $(filter tiny,$(PRESET)),,--root $(DATA) --install)

portrait: setup  ## train the portrait network, which segments photos, on DATA (15 minutes)
	$(BIN)/lightning fit --config configs/portrait.yaml --data.root $(DATA)

finisher: setup  ## train the finisher, which cleans and enlarges cartoons, on DATA (30 minutes)
	$(BIN)/lightning fit --config configs/finisher.yaml --data.root $(DATA)

ablation: setup  ## train, test and compare all variants on DATA; MATRIX=tiny for a trial in minutes
	$(BIN)/cartoongan ablation configs/ablation/$(MATRIX).yaml --root $(DATA)

runtime: setup  ## export the project's weights for the runtime package, after any change of weights/
	$(BIN)/cartoongan export weights/cartoons.safetensors --out cartoonizer/own.cartoon --half

wheel: setup  ## build the wheel of the runtime in dist/, without PyTorch
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist ./cartoonizer
	@rm -rf cartoonizer/build cartoonizer/*.egg-info
	@ls -sh dist/cartoonizer-*.whl

test: setup  ## run the tests on two cores, with coverage
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term

test-oldest:  ## run the tests with the oldest allowed release of each dependency, in .venv-oldest (another 6 GB)
	$(PYTHON) tools/oldest.py > .oldest.txt
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --constraint .oldest.txt --editable '.[dev]'
	.venv-oldest/bin/python -m pytest -n 2

lint: setup  ## check style and format of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: setup  ## check types
	$(BIN)/mypy

docs: setup  ## build the documentation as a web site in site/, without network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

clean:  ## remove environments and caches, but not data and runs
	rm -rf .venv .venv-oldest .oldest.txt site .mypy_cache .pytest_cache .ruff_cache .coverage* *.egg-info build dist
