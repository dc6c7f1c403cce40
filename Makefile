# Two commands: `make demo` performs the main job and stays up; `make test` passes all tests. Both install what they need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Kept outside of the clone, so that a fresh clone builds warm.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/slipway/target
export CARGO_TERM_COLOR ?= never

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

lint: ## Format and clippy, warnings are errors, for the server and for the browser
	cargo fmt --all --check
	cargo clippy -q -p server --all-targets -- -D warnings
	cargo clippy -q -p app --features hydrate --target wasm32-unknown-unknown -- -D warnings
	cargo clippy -q -p xtask -- -D warnings

test: lint test-rust ## Everything

test-rust: web
	cargo test -p app --features ssr --lib
	cargo test -p server

web: ## The dashboard for the browser, development profile
	cargo xtask web

.PHONY: help lint test test-rust web
