# `make` alone lists what can be asked for. Works with the make of macOS (3.81) as well.

VENV := .venv
PYTHON := $(VENV)/bin/python
# These files stand for a complete installation, what learners need and what the tools of development add: each is
# written last, and is older than what changed since.
INSTALLED := $(VENV)/installed
DEVELOP := $(VENV)/develop
# What looks a page over for barriers to people who cannot see it or use a mouse.
AXE := tests/browser/node_modules/axe-core/axe.min.js

# Asked of every Python before it is taken: a pyenv shim may be on PATH and yet fail when it runs, and Debian's
# own Python comes without ensurepip until python3-venv is installed.
FITS := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

# What installs into the environment, as the first words of a command: uv where there is one, else pip.
INSTALL := $$(uv --version >/dev/null 2>&1 && echo uv pip install --quiet --python $(PYTHON) || \
	echo $(PYTHON) -m pip install --quiet --disable-pip-version-check)

.DEFAULT_GOAL := help
.PHONY: help lab test test-elsewhere test-browser notebooks reproduce table kernel screenshot bench bench-browser lock lint format clean browser

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile
	@echo "Tests call what is marked * with SHORT=1: seconds of it, which show that it still works, and keep nothing."

# JupyterLab refuses to run as root unless told, and in a container there is often nobody else to be.
# The chapter is named as the address to open, not as a file, so that it is also in the address that is printed.
lab: $(INSTALLED) ## open the course in JupyterLab (the first time: install it)
	@$(PYTHON) -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) \
		--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

# Compiling a network keeps one core busy, so two files are tested at a time; a chapter's cells stay in one process.
# What nbval runs of one chapter, and the chapter's own tests, share a kernel: see tests/nbval_chapters.py. How it
# compares numbers that the course's engine did not compute is told in tests/nbval_numbers.py.
# The last chapters, which train most, come first, so that no core is left without work while the last one runs.
TWO_AT_A_TIME := --numprocesses=2 --no-loadscope-reorder
# Which notebooks to compare, as in `make test CHAPTERS=05_*`.
CHAPTERS := *

# Progress bars are made of times, which are never the same twice: notebooks are stored and compared without them, and
# without anybody's guesses.
test: lint ## check style, run the tests, and run every notebook and compare what it shows
	@$(PYTHON) -m pytest --quiet $(TWO_AT_A_TIME) --dist=loadfile --ignore=tests/browser --ignore-glob='*/chapters/*/test_claims.py' tests
	@TQDM_DISABLE=1 COURSE_GUESSES=memory $(PYTHON) -m pytest --quiet $(TWO_AT_A_TIME) --dist=loadscope -p tests.nbval_chapters -p tests.nbval_numbers \
		--nbval --nbval-current-env --nbval-sanitize-with=tests/nbval_sanitize.cfg \
		$$(ls -r notebooks/$(CHAPTERS).ipynb notebooks/solutions/$(CHAPTERS).ipynb)

# The same once more, as on a processor of 2008 and without the native kernel: see the file.
test-elsewhere: $(DEVELOP) ## play another machine, and do there what `make test` does
	@$(PYTHON) -m tests.another_machine $(MAKE) --no-print-directory test

test-browser: browser $(AXE) $(DEVELOP) ## use the course in a real Chromium, as a learner would
	@$(PYTHON) -m pytest --quiet tests/browser

browser:
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || { \
		echo "No Chromium on PATH. On Debian and Ubuntu: apt-get install chromium"; exit 1; } >&2

$(AXE): tests/browser/package-lock.json
	@command -v npm >/dev/null || { echo "No npm on PATH. On Debian and Ubuntu: apt-get install npm"; exit 1; } >&2
	@npm ci --silent --prefix tests/browser
	@touch $@

notebooks: $(DEVELOP) ## * build notebooks/ from notebooks/source/
	@TQDM_DISABLE=1 $(PYTHON) -m notebooks.build.build $(if $(SHORT),--check)

reproduce: $(DEVELOP) ## * measure on MNIST what the documents tell of it, some minutes (MNIST=folder: from there)
	@TQDM_DISABLE=1 $(PYTHON) -m notebooks.build.reproduce $(if $(MNIST),--folder "$(MNIST)") $(if $(SHORT),--check)

table: $(DEVELOP) ## * train the configurations that searches are compared on, some minutes
	@$(PYTHON) -m notebooks.build.table $(if $(SHORT),--rows 2 --check)

kernel: $(DEVELOP) ## build the training kernel's WebAssembly from its C source
	@$(PYTHON) -m course_utils.training.kernel.build wasm

screenshot: browser $(DEVELOP) ## * take the picture in README.md anew
	@$(PYTHON) -m tests.browser.screenshot $(if $(SHORT),--short)

bench: $(DEVELOP) ## * measure the speed of the engine
	@$(PYTHON) tests/bench.py $(if $(SHORT),--short)

bench-browser: browser $(DEVELOP) ## * measure in a real Chromium how fast a lab answers, and what chapters need
	@$(PYTHON) -m tests.browser.bench_browser $(if $(SHORT),--short)

lock: $(INSTALLED) ## pin what pyproject.toml asks for (UPGRADE=1: the newest that fits)
	@uv --version >/dev/null 2>&1 || $(PYTHON) -m pip install --quiet uv
	@PATH="$(VENV)/bin:$$PATH" $(PYTHON) .ci/lock.py $(if $(UPGRADE),--upgrade)

lint: $(DEVELOP) ## check style
	@$(PYTHON) -m ruff check --quiet --output-format=concise
	@$(PYTHON) -m ruff format --quiet --check
	@$(PYTHON) -m check_jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml

format: $(DEVELOP) ## put style right where that can be automatic
	@$(PYTHON) -m ruff check --quiet --fix-only
	@$(PYTHON) -m ruff format --quiet

clean: ## remove what this file made
	@rm -rf $(VENV) tests/browser/node_modules .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The package is installed in place, so that an edit shows at once. Installing it again also copies its JupyterLab
# settings into the environment and compiles the training kernel, hence the forced reinstall. Without build isolation nothing unpinned is fetched.
$(INSTALLED): requirements.lock pyproject.toml hatch_build.py course_utils/training/kernel/kernel.c \
		course_utils/_jupyter/jupyterlab_settings.json course_utils/_jupyter/jupyter_server.json
	@set -e; \
	if [ ! -e $@ ]; then \
		echo "Installing the course into $(VENV). This is done once, and takes some minutes."; \
		rm -rf $(VENV); \
		if ! uv --version >/dev/null 2>&1 || ! uv venv --quiet --seed --python '>=3.11,<3.14' $(VENV); then \
			for python in python3 python3.13 python3.12 python3.11; do \
				if $$python -c '$(FITS)' >/dev/null 2>&1; then $$python -m venv $(VENV); break; fi; \
			done; \
		fi; \
		if [ ! -e $(PYTHON) ]; then \
			echo "No Python fits: the course needs Python 3.11, 3.12 or 3.13 with its venv module,"; \
			echo "because TensorFlow has no release for others. Any one of these is a cure:"; \
			echo "  any system      install uv, which fetches Python: https://docs.astral.sh/uv/"; \
			echo "  Debian, Ubuntu  sudo apt-get install python3 python3-venv"; \
			echo "  macOS           brew install python@3.13"; \
			echo "  conda           conda env create --file environment.yml, then see README.md"; \
			exit 1; \
		fi >&2; \
	fi; \
	$(INSTALL) --require-hashes --requirement requirements.lock; \
	$(INSTALL) --force-reinstall --no-deps --no-build-isolation --editable .; \
	touch $@

# Both locks, because what is in the second needs what is in the first.
$(DEVELOP): $(INSTALLED) requirements-dev.lock
	@$(INSTALL) --require-hashes --requirement requirements.lock --requirement requirements-dev.lock
	@touch $@
