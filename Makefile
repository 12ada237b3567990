PYTHON := .venv/bin/python
INSTALLED := .venv/.installed
RELEASE := .venv-release/bin
BASE_PYTHON ?= python3
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := setup
.PHONY: setup demo up unit test both rehearse coverage browser screenshots messages docs chaos conformance lint check bench
.PHONY: spine audit secrets workflows deploy-check dist image lock help

setup: $(INSTALLED) ## Make .venv with the locked packages (the default)

$(INSTALLED): requirements.lock scripts/bootstrap.sh
	@scripts/bootstrap.sh

demo: $(INSTALLED) ## Run a whole project, from the request to the report: ARGS="--file F --rate N"
	@$(PYTHON) manage.py demo $(ARGS)

up: $(INSTALLED) ## Start the whole system and keep it running until Ctrl-C
	@$(PYTHON) manage.py up $(ARGS)

# Without compiled files each of a dozen processes would compile each test and each module anew.
test both rehearse coverage: export PYTHONDONTWRITEBYTECODE =

test: $(INSTALLED) ## Run the tests: all on SQLite, what depends on the database on PostgreSQL beside them
	@scripts/chromium.sh || [ -z "$$CI" ]
	@scripts/jq.sh || [ -z "$$CI" ]
	$(PYTHON) scripts/both_databases.py $(ARGS)

both rehearse: export ON_POSTGRES = spine

both: test ## Run the tests, and the whole spine on PostgreSQL beside them: before a release

# The counts with which docs/promises.md holds that each promise is kept; a variable of the environment comes before them.
rehearse: export FLOWS ?= 500
rehearse: export EXAMPLES_SHARE ?= 1
rehearse: export ANSWER_ROUNDS ?= 200
rehearse: export ORDERS ?= 1000
rehearse: export BESIDE_POISON ?= 500
rehearse: export FUZZ_EVENTS ?= 20000
rehearse: export API_EXAMPLES ?= 200
rehearse: export STATE_EXAMPLES ?= 500
rehearse: export SIDE_BY_SIDE_SECONDS ?= 60
rehearse: export SOAK_SECONDS ?= 60
rehearse: export LONG_WORK_SECONDS ?= 40
rehearse: export INTERRUPTS ?= 200
rehearse: export ALL_EDGE_VALUES ?= 1
rehearse: export EVERY_ROLE ?= 1
rehearse: $(INSTALLED) ## Run the rehearsals of operation, and all tests with their full counts on both databases: hours
	$(PYTHON) -m pytest -s --timeout 3600 tests/rehearsals $(ARGS)
	$(PYTHON) scripts/both_databases.py --timeout 7200 $(ARGS)

unit: $(INSTALLED) ## Run the tests that need no database and no broker, in seconds
	$(PYTHON) -m pytest -q -n 2 --database none -m "not contract" tests/unit $(ARGS)

coverage: $(INSTALLED) ## Run the tests and show which lines they reach; takes a third longer than make test
	$(PYTHON) -m pytest -n 2 --database sqlite --cov --cov-report= $(ARGS)
	$(PYTHON) -m pytest -n 2 --database postgres -m spine --cov --cov-append --cov-report=term $(ARGS)

browser: $(INSTALLED) ## Run the browser tests only, in a real Chromium
	@scripts/chromium.sh
	$(PYTHON) -m pytest tests/browser $(ARGS)

screenshots: $(INSTALLED) ## Take pictures of every page, light, dark and on a phone, into var/screenshots
	@scripts/chromium.sh
	$(PYTHON) scripts/screenshots.py $(ARGS)

messages: $(INSTALLED) ## Bring the French translation in step with the texts, then compile it
	$(PYTHON) scripts/messages.py update
	$(PYTHON) scripts/messages.py compile

docs: $(INSTALLED) ## Check every link of the documentation and build it as a site in var/site
	$(PYTHON) scripts/docs.py

lint: $(INSTALLED) ## Check style, types and the direction of imports
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

deploy-check: $(INSTALLED) ## Hold each file of deploy/ to the validator of its kind
	@scripts/validators.sh || [ -z "$$CI" ]
	@scripts/promtool.sh || [ -z "$$CI" ]
	@$(PYTHON) scripts/deploy_check.py

check: lint ## lint, and check settings, migrations, contracts' examples, and the REST interface at length
	$(PYTHON) manage.py check
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py schemas validate --examples
	API_EXAMPLES=200 $(PYTHON) -m pytest -q -n 2 tests/integration/api/test_contract_of_the_api.py

chaos: $(INSTALLED) ## Run the whole system under faults for ten minutes: ARGS="--seed N --seconds S"
	$(PYTHON) -m tests.chaos $(ARGS)

conformance: $(INSTALLED) ## Hold the OpenAPI and AsyncAPI documents to their validators, and drive a generated client (needs the network)
	$(PYTHON) scripts/conformance.py

bench: $(INSTALLED) ## Measure rates, costs, answers, outages, lists and REST, in one table: ARGS="--quick --only NAME"
	$(PYTHON) tests/servers.py postgres --durable -- $(PYTHON) -m benchmarks $(ARGS)

spine: $(INSTALLED) ## Run the spine's tests on the servers of TEST_DATABASE_URL and TEST_REDIS_URL, by default our own
	$(PYTHON) -m pytest -n 2 --durations 10 --database postgres -m spine $(ARGS)

$(RELEASE)/.installed: deploy/release.lock
	$(BASE_PYTHON) -m venv .venv-release
	$(RELEASE)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r deploy/release.lock
	@touch $@

audit: $(RELEASE)/.installed ## Look for known weaknesses in the locked packages (needs the network)
	$(RELEASE)/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r requirements.lock

secrets: $(RELEASE)/.installed ## Look for secrets in the files that git knows; .secrets.baseline names those that are none
	@git ls-files -z | xargs -0 $(RELEASE)/detect-secrets-hook --no-verify --baseline .secrets.baseline
	@echo "No secret in $$(git ls-files | wc -l) files."

workflows: $(INSTALLED) ## Hold the files of .github/ to actionlint and zizmor
	@$(PYTHON) scripts/workflows_check.py

dist: $(RELEASE)/.installed ## Build the packages, their SBOM and the text of the release into dist/
	rm -rf dist
	mkdir -p dist/about
	$(RELEASE)/python -m build --no-isolation --outdir dist/packages
	$(RELEASE)/python -W ignore::UserWarning -m cyclonedx_py requirements --pyproject pyproject.toml \
		-o dist/about/interlock.cdx.json deploy/requirements.lock
	$(RELEASE)/python scripts/release.py stamp dist/about/interlock.cdx.json
	$(RELEASE)/python scripts/release.py notes > dist/about/notes.md

image: ## Build the image of deploy/Dockerfile as interlock:latest (needs Docker)
	docker build -f deploy/Dockerfile -t interlock .

lock: ## Resolve pyproject.toml into requirements.lock again, and what deploy/ needs beside it (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--extra embedded --extra mcp --extra llm --extra otel --extra pdf --group dev pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--extra embedded --extra mcp --extra llm --extra otel --extra pdf --constraint requirements.lock pyproject.toml -o deploy/requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--group pyproject.toml:deploy --constraint requirements.lock -o deploy/check.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--group pyproject.toml:release --constraint requirements.lock -o deploy/release.lock
	printf 'uv\nhatchling\n' | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url - -o deploy/build.lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'
