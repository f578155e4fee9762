# make demo   install, then run the main job on a few images and leave a page to look at
# make test   install, then style check and tests
# make test-quick   a first answer in two minutes: the method, its weights and the rules, but no
#                   data, trainings or tools
# make lint   install, then style check, and which room imports which
# make docs   the site, in site/: pages, commands and API, with search
# make wheel  wheel and source archive, in dist/
# make release  everything that a release needs, looked at; it stops before the upload
# make matrix   the quick tests on each Python, torch and family of toolboxes; SESSION=... takes one
# make lock     requirements.lock: the tested set and all that it pulls in, with hashes
# make audit    known vulnerabilities of what is in the lock; asks an index on the network
#
# PYTHON=python3.12 picks the interpreter, VENV=dir the place, PYTEST_ARGS="-k nms" the tests.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
# The tests' networks are too small for a second core: a second test uses it better.
TEST_PROCESSES ?= 2

QUICK := $(addprefix tests/,checkpoints models nn rivals) $(wildcard tests/test_*.py)

# What is needed around the project, apart from what is tested.
MAINTENANCE ?= .venv-maintenance
SESSION ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-quick lint install docs wheel sbom release matrix lock audit clean

demo: $(INSTALLED)
	$(BIN)/python tools/demo.py

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES) $(PYTEST_ARGS)

test-quick: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES) -m 'not slow' $(QUICK)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

install: $(INSTALLED)

# editable_mode=compat: a script in the folder above the checkout would else find that folder as
# an empty package of the same name. Where the system's libGL is missing, which opencv-python
# needs, the headless wheel of the same version takes its place.
$(INSTALLED): requirements.txt setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -r requirements.txt
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e . \
	  --config-settings editable_mode=compat
	$(BIN)/python -c 'import cv2' 2>/dev/null || { \
	  $(BIN)/python -m pip uninstall -y opencv-python && \
	  $(BIN)/python -m pip install --no-deps --force-reinstall \
	    "$$(sed -n 's/^opencv-python==\([0-9.]*\).*/opencv-python-headless==\1/p' requirements.txt)"; }
	touch $@

docs: $(MAINTENANCE)/.installed
	$(MAINTENANCE)/bin/python -m mkdocs build --strict

# Built from the list of git, not from the folder: what lies about here goes into no release.
wheel: $(MAINTENANCE)/.installed
	$(MAINTENANCE)/bin/python maintenance/build.py dist

# The bill of materials: what the tested environment holds, in CycloneDX's format.
sbom: $(INSTALLED) $(MAINTENANCE)/.installed
	mkdir -p dist
	$(MAINTENANCE)/bin/cyclonedx-py environment --output-reproducible \
	  --output-file dist/sbom.cdx.json $(BIN)/python

release: $(INSTALLED) wheel sbom docs
	$(MAINTENANCE)/bin/hadolint Dockerfile
	$(MAINTENANCE)/bin/python -m twine check --strict dist/mmcnx2-*
	MMCNX2_WHEEL="$$(ls $(CURDIR)/dist/*.whl)" OMP_NUM_THREADS=1 $(BIN)/python -m pytest \
	  tests/test_wheel.py tests/test_dependencies.py tests/maintenance tests/docs
	$(BIN)/python maintenance/check_release.py dist

matrix: $(MAINTENANCE)/.installed
	$(MAINTENANCE)/bin/nox $(if $(SESSION),--session '$(SESSION)')

# For every Python and system that the tested set is for; pins that are there stay.
lock: $(MAINTENANCE)/.installed
	$(MAINTENANCE)/bin/uv pip compile requirements.txt --universal --python-version 3.10 \
	  --generate-hashes --no-annotate --custom-compile-command 'make lock' --quiet \
	  --output-file requirements.lock

# --strict: what could not be looked up is a failure, not silence.
audit: $(MAINTENANCE)/.installed
	$(MAINTENANCE)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

$(MAINTENANCE)/.installed: maintenance/requirements.txt
	$(PYTHON) -m venv $(MAINTENANCE)
	$(MAINTENANCE)/bin/python -m pip install -r $<
	touch $@

clean:
	rm -rf $(VENV) $(MAINTENANCE) .nox site build dist *.egg-info mmcnx2/.mim
