# The contract: demo, test, lint, bench, soak, fuzz. Each sets up what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
HOME_DIR ?= demo-home
GOLD   ?= ../shared/gold

export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PYTHONUTF8 := 1
# Companies put their own certificate authority into the system's store.
export UV_SYSTEM_CERTS ?= 1

.PHONY: help install demo test lint format bench soak fuzz samples reproduce accuracy docs lock serve browser clean

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## Build the environment from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("talkshare needs Python 3.11 or newer; set PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock \
		|| $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . \
		|| $(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

demo: $(STAMP)  ## Invent exports, run the real flows over them, show where the results are
	$(BIN)/talkshare demo --out $(HOME_DIR)

# Without restarts, since pytest-xdist 3.8 never ends where a process of `--dist loadfile` has died and is replaced.
test: $(STAMP)  ## All tests, one real Prefect flow and deployment among them
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

lint: $(STAMP)  ## ruff, mypy, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint -q sql

format: $(STAMP)  ## Put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)  ## Slow: how fast texts are read, as ratios to textstat and to plain Python; how long relating a million takes
	$(BIN)/python -m tests.bench_text --json bench.json
	$(BIN)/python -m tests.bench_relate

soak: export OPENBLAS_NUM_THREADS = 1
soak: $(STAMP)  ## Slow proofs: what the method says of invented teams, coverage of all intervals, a scheduled run seen firing, 300 kills, 300 histories
	$(BIN)/python -m tests.simulated_truths --draws 1000
	$(BIN)/python -m tests.simulated_clocks --draws 1000
	$(BIN)/python -m tests.test_curves --full
	$(BIN)/python -m tests.test_templates --full
	$(BIN)/python -m tests.test_recontact --full
	$(BIN)/python -m tests.test_drift --full
	$(BIN)/python -m tests.soak_schedule
	$(BIN)/python -m tests.kill_storm --kills 300
	$(BIN)/python -m tests.histories --examples 300
	$(BIN)/python -m tests.forget_storm --kills 60
	$(BIN)/python -m tests.week_of_nights

FUZZ_INPUTS ?= 200000
fuzz: export POLARS_MAX_THREADS = 1
fuzz: $(STAMP)  ## Slow: damaged inputs for every reader (FUZZ_INPUTS=200000), counts and findings as a table
	$(BIN)/python -m tests.fuzz --inputs $(FUZZ_INPUTS) --workers 2

samples: $(STAMP)  ## What every sample export becomes
	$(BIN)/python -m tests.sample_table

reproduce: $(STAMP)  ## Published reference numbers on the labelled public data
	$(BIN)/python -m tests.reproduce_gold --gold $(GOLD)
	$(BIN)/python -m tests.gold_relations --gold $(GOLD)

accuracy: $(STAMP)  ## How often the sentence rules are right: on GOLD as JSON lines, on our own in docs/accuracy.md
	@$(BIN)/python -m tests.accuracy --gold $(GOLD)

docs: $(STAMP)  ## Write docs/metrics.md from the SQL headers
	$(BIN)/python -c 'from pathlib import Path; from sql.dictionary import metrics_page; Path("docs/metrics.md").write_text(metrics_page())'

browser:  ## Install Chromium from Debian, for the tests that look at the page
	$(if $(filter 0,$(shell id -u)),,sudo )apt-get install --yes --no-install-recommends chromium

serve: $(STAMP)  ## Run the schedules of the home (HOME_DIR=..., else talkshare's own default) until stopped
	$(BIN)/talkshare serve $(if $(filter file,$(origin HOME_DIR)),,--home "$(HOME_DIR)")

lock: $(STAMP)  ## Renew requirements.lock (exact versions and hashes, no addresses)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

clean:  ## Remove the environment and the demo's home
	rm -rf $(VENV) demo-home
