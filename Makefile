# Everything that is done to this project by hand or by CI. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TOOLS := $(CURDIR)/target/tools
CARGO_DENY_VERSION := 0.20.2
FUZZ_SECONDS ?= 60
export PATH := $(TOOLS)/bin:$(PATH)

# $(call need,PROGRAM,WHAT FOR)
need = command -v $(1) > /dev/null || { echo "make: $(1) is missing: $(2)" >&2; exit 1; }

.PHONY: help
help: ## Lists what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: tools servers ## Two real clusters, kept in step while writes go on
	@cargo build --quiet -p shake-cli -p testbed --bins
	@cargo run --quiet -p testbed --bin demo

.PHONY: test
test: tools servers lint ## Everything that must hold before a change is done
	cargo test --workspace
	fuzz/run 5

.PHONY: test-long
test-long: tools servers ## The tests that take long
	cargo test --workspace -- --ignored

.PHONY: bench
bench: tools servers ## Measures the libraries, and the tool on real clusters
	cargo build --release -p shake-cli
	cargo bench -p benches

.PHONY: fuzz
fuzz: tools ## Fuzzes every target for FUZZ_SECONDS seconds (60)
	fuzz/run $(FUZZ_SECONDS)

.PHONY: servers
servers: ## Unpacks the real servers that the tests run on
	@$(call need,python3,tools/get-servers is written in it)
	@tools/get-servers

.PHONY: fixtures
fixtures: servers ## Makes the snapshots that the decoder is tested with, from those servers
	@python3 crates/rdb/tests/fixtures/make.py "$${SHAKE_SERVERS:-target/servers}"

.PHONY: lint
lint: tools ## Formatting, clippy, licences and sources of dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if [ -f fuzz/Cargo.toml ]; then set -x; \
	    cargo fmt --manifest-path fuzz/Cargo.toml --check; \
	    cargo clippy --manifest-path fuzz/Cargo.toml --target-dir "$${CARGO_TARGET_DIR:-target}" --all-targets -- -D warnings; \
	fi
	@if cargo tree --locked -p rdb --all-features --edges normal --prefix none | grep -E '^(tokio|serde|clap) '; then \
	    echo "make: crates/rdb is to be usable without a runtime, but depends on the above" >&2; exit 1; \
	fi
	@$(MAKE) deny

# The check itself is offline, but it looks at the crates of every platform: those have to be fetched once.
.PHONY: deny
deny:
	@command -v cargo-deny > /dev/null \
	    || cargo install --quiet --debug --locked --root $(TOOLS) cargo-deny@$(CARGO_DENY_VERSION) \
	    || echo "make: WARNING: cargo-deny is neither installed nor to be had" >&2
	@if command -v cargo-deny > /dev/null && cargo fetch --quiet; then \
	    cargo deny --offline check bans licenses sources; \
	else \
	    echo "make: WARNING: licences and sources of dependencies are NOT checked" >&2; \
	fi
	@echo "make: NOTE: known vulnerabilities are NOT checked: cargo-deny needs the advisory database for that" >&2

.PHONY: fmt
fmt: ## Formats everything
	cargo fmt --all
	@if [ -f fuzz/Cargo.toml ]; then cargo fmt --manifest-path fuzz/Cargo.toml; fi

.PHONY: tools
tools:
	@$(call need,cargo,install Rust 1.95 or later)
	@$(call need,cc,Rust links with it: install gcc or clang)
	@$(call need,c++,libFuzzer is built with it: install g++ or clang)
