# The front door. `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup demo data detector portrait finisher ablation runtime wheel test test-oldest lint format type docs clean

PYTHON ?= python3
BIN := .venv/bin
DATA ?= data
PRESET ?= small
MATRIX ?= paper
INSTALLED := .venv/.installed

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 13

setup: $(INSTALLED)  ## make .venv with the project and its tools (6 GB; skipped when up to date)

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

detector: setup  ## train MTCNN stage by stage on DATA (data/; an hour or two); PRESET=tiny tries it on sample data
	$(BIN)/cartoongan detector train --preset $(PRESET) $(if $(filter tiny,$(PRESET)),,--root $(DATA) --install)

portrait: setup  ## train the portrait network, which finds the background of photos, on DATA (a quarter of an hour)
	$(BIN)/lightning fit --config configs/portrait.yaml --data.root $(DATA)

finisher: setup  ## train the finisher, which makes cartoons clean and larger, on DATA (half an hour)
	$(BIN)/lightning fit --config configs/finisher.yaml --data.root $(DATA)

ablation: setup  ## train and test all variants on DATA and report on them; MATRIX=tiny tries it in minutes
	$(BIN)/cartoongan ablation configs/ablation/$(MATRIX).yaml --root $(DATA)

runtime: setup  ## export the project's weights for the runtime package; after any change of weights/
	$(BIN)/cartoongan export weights/cartoons.safetensors --out cartoonizer/own.cartoon --half

wheel: setup  ## the runtime as a wheel of its own in dist/, without PyTorch
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist ./cartoonizer
	@rm -rf cartoonizer/build cartoonizer/*.egg-info
	@ls -sh dist/cartoonizer-*.whl

test: setup  ## the tests, on both cores, with coverage
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term

test-oldest:  ## the tests with the oldest allowed release of each dependency, in .venv-oldest (another 6 GB)
	$(PYTHON) tools/oldest.py > .oldest.txt
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --constraint .oldest.txt --editable '.[dev]'
	.venv-oldest/bin/python -m pytest -n 2

lint: setup  ## style and format of the code, unchanged
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup  ## bring the code into format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: setup  ## strict types
	$(BIN)/mypy

docs: setup  ## the documentation as a web site in site/; needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

clean:  ## remove the environments and caches; data and runs stay
	rm -rf .venv .venv-oldest .oldest.txt site .mypy_cache .pytest_cache .ruff_cache .coverage* *.egg-info build dist
