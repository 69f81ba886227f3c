# The two commands of the README are `make lab` and `make test`; the rest serves whoever develops.
PYTHON ?= python3.11
STACKS ?= keras-jax
CLASS ?= 101
SECONDS ?= 600
export TORCH_INDEX

ifeq (, $(shell command -v $(PYTHON) 2>/dev/null))
PYTHON := python3
endif

.PHONY: help setup lab test lint verify soak bench clean

help:
	@echo "make lab            abrir el curso en JupyterLab"
	@echo "make test           correr las pruebas"
	@echo "make setup          solo preparar el entorno (STACKS=\"keras-jax torch\" agrega stacks)"
	@echo "make verify CLASS=101   volver a medir una clase"
	@echo "make soak           las corridas largas (SECONDS=600 cada una)"
	@echo "make bench          las comparaciones de velocidad"

setup:
	@$(PYTHON) tools/setup.py --stacks $(STACKS)

lab: setup
	@.venv/bin/catedra lab cuadernos $(ROOT)

dev:
	@$(PYTHON) tools/setup.py --dev --stacks $(STACKS)

lint: dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

test: dev
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered --cov-fail-under=90

verify: dev
	.venv/bin/catedra verify $(CLASS) --resume

soak: dev
	SOAK_SECONDS=$(SECONDS) .venv/bin/python -m pytest tests/soak tests/attacks -m soak -p no:cacheprovider -q
	$(MAKE) bench SECONDS=$(SECONDS)

bench: dev
	.venv/bin/python bench/run.py --seconds $(SECONDS)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
