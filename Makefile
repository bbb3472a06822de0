# uv comes by the script that Bedplate gives to its Python projects: one thing less to keep twice.
UV := "template/{{python}}/scripts/uv"

.PHONY: help demo servers test test-all bench stats release lint format

help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: ## Make the default project, start it, call it, stop it
	@[ -d .venv ] || echo "Installing Bedplate's own tools, once ..."
	@$(UV) run --quiet python -m tests.demo

servers: ## Start the real servers (or NAMES="postgresql redis"), print their URLs, stop them with Ctrl-C
	@$(UV) run --quiet python -m tests.servers $(NAMES)

test: lint ## Run all that a change can break
	@$(UV) run pytest -n auto

test-all: lint ## Run everything: every combination's lint, every fault with 1,000 events
	@$(UV) run pytest -n auto --all

bench: ## Measure speed beside bare applications (or NAMES="throughput gin"); takes minutes, wants a quiet machine
	@$(UV) run --quiet python -m benchmarks $(NAMES)

stats: ## Tell how much of the template is plain source
	@$(UV) run --quiet python -m tests.statistics

release: ## Add the committed template to the releases that a wheel carries: make release VERSION=0.2.0 [AGAIN=--again]
	@$(UV) run --quiet python generator/release.py $(or $(VERSION),$(error Say which: VERSION=0.2.0)) $(AGAIN)

lint: ## Check format, code and types
	@$(UV) run ruff format --check
	@$(UV) run ruff check
	@$(UV) run pyrefly check

format: ## Format, and mend what can be mended
	@$(UV) run ruff check --fix
	@$(UV) run ruff format
