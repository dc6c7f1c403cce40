# Two commands: `make demo` performs the main job and stays up; `make test` passes all tests. Both install what they need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Kept outside of the clone, so that a fresh clone builds warm. Nothing depends on what is in it.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/slipway/target
export CARGO_TERM_COLOR ?= never

PORT ?= 8080
DATA ?= data/demo

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# ---- build

build: ## The release binary, dashboard inside; the last line of output is its path
	scripts/needs.sh build
	@$(MAKE) web
	cargo build -p server --release
	@echo "$(CARGO_TARGET_DIR)/release/slipway"

dist: ## The program as it is shipped, optimised across crates: takes half an hour on two cores; the last line of output is its path
	scripts/needs.sh build
	@$(MAKE) web
	cargo build -p server --profile dist
	@echo "$(CARGO_TARGET_DIR)/dist/slipway"

web: ## The dashboard for the browser, as it is shipped: the tests look at that
	cargo xtask web --release

# BUILT=1: `make test` has compiled it, and no lane asks again.
debug: $(if $(BUILT),,web)
	$(if $(BUILT),,cargo build -p server)

dev: ## Build quickly and serve on PORT from DATA; the dashboard's files are read from target/site
	scripts/needs.sh build
	cargo xtask web
	cargo run -p server -- serve --listen 127.0.0.1:$(PORT) --data $(DATA)

# ---- the main job

ONCE ?=
CLUSTER ?= local
# What only a Kubernetes with a node can do. Where this machine cannot have one, it is SKIPPED, and why is said.
pods = { end2end/cluster/cluster.py pods && scripts/needs.sh cluster && end2end/cluster/cluster.py $(1); } || [ $$? = 77 ]
# A command that runs in a Kubernetes for tests, which ends with it.
within = $(if $(filter kubernetes,$(CLUSTER)),end2end/cluster/cluster.py run --node --slipway $(1) --)

demo: ## Build, start on PORT, perform the main job once and stay up (ONCE=1: end after the prediction; CLUSTER=kubernetes: in pods)
	scripts/needs.sh demo
	@$(MAKE) build
	$(if $(filter kubernetes,$(CLUSTER)),scripts/needs.sh cluster)
	$(call within,"$(CARGO_TARGET_DIR)/release/slipway") python3 scripts/demo.py "$(CARGO_TARGET_DIR)/release/slipway" --port $(PORT) --data $(DATA) $(if $(ONCE),--once)

screenshots: ## The pictures of README and docs, from the demo's portal
	scripts/needs.sh test
	@$(MAKE) build
	end2end/browser.sh
	python3 scripts/demo.py "$(CARGO_TARGET_DIR)/release/slipway" --port $(PORT) --data $(DATA) --then "node end2end/screenshots.mjs"

# ---- a Kubernetes cluster

SCENARIO ?= plain
IMAGES ?= all

cluster: ## A real Kubernetes until Ctrl-C; as root its node runs pods (SCENARIO=kubeflow: with its kinds; IMAGES=pause|base: fewer images)
	scripts/needs.sh cluster
	@end2end/cluster/cluster.py run --scenario $(SCENARIO) --images $(IMAGES)

# ---- numbers

ONLY ?=

bench: ## Measure what is shipped beside mlflow server, FastTrackML, mlserver and kfp.local; writes docs/benchmarks.md (ONLY=tracking: one part)
	scripts/needs.sh bench
	@$(MAKE) dist
	cargo build -p bench --profile dist
	"$(CARGO_TARGET_DIR)/dist/bench" "$(CARGO_TARGET_DIR)/dist/slipway" --cache "$(HOME)/.cache/slipway/bench" $(if $(ONLY),--only $(ONLY))

# ---- tests

lint: ## Format and clippy, warnings are errors, for the server and for the browser
	cargo fmt --all --check
	cargo clippy -q -p server --all-targets -- -D warnings
	cargo clippy -q -p app --features browser --target wasm32-unknown-unknown -- -D warnings
	cargo clippy -q -p xtask -- -D warnings
	cargo clippy -q -p bench -- -D warnings

# What is compiled comes first. Then three lanes: a Kubernetes with its pods, which waits about half of its time, and what takes a machine beside it, the
# longest first, so that neither processor idles. What a lane prints is printed when it has ended.
test: needs ## Everything (LOOKS=all: each page in both themes and widths, TRACE=1: traces of what fails, ROLL_OUTS=20: that many under load)
	@$(MAKE) --jobs=2 --output-sync=target cluster-images lint web
	@$(MAKE) compile
	@end2end/browser.sh
	@$(MAKE) --jobs=3 --output-sync=target --keep-going BUILT=1 test-kubernetes test-browser test-client test-rust test-runtimes test-kill test-s3 test-terminal test-pipelines test-kfp test-fuzz test-disk

TESTS := -p server -p app --features app/ssr --lib --tests --no-fail-fast

compile:
	cargo test $(TESTS) --no-run
	cargo build -p server

cluster-images:
	@$(call pods,images)

needs:
	scripts/needs.sh test

test-rust: debug ## Units, floors, store on SQLite and PostgreSQL, API, cluster
	cargo test $(TESTS)

test-runtimes: ## The model server against real models
	server/runtimes/test.sh

test-client: debug ## The real MLflow client against a running portal; the compiled pipelines are what Kubeflow's SDK makes
	end2end/kfp/check.sh
	python3 scripts/with_portal.py "$(CARGO_TARGET_DIR)/debug/slipway" end2end/python/run.sh

test-pipelines: debug ## Every compiled pipeline runs on a portal to the end that is written beside it
	python3 scripts/with_portal.py "$(CARGO_TARGET_DIR)/debug/slipway" python3 end2end/kfp/run.py

test-kfp: debug ## The real client of Kubeflow Pipelines against a running portal, pipelines run to their end
	python3 scripts/with_portal.py "$(CARGO_TARGET_DIR)/debug/slipway" end2end/kfp/client.sh

test-s3: debug ## Artifacts on an S3 server: the store itself, the MLflow client, a portal killed while it writes
	end2end/s3/run.sh end2end/s3/test.sh "$(CARGO_TARGET_DIR)/debug/slipway" $(TESTS)

test-terminal: debug ## The main job through the command line; mails through a real SMTP server
	python3 scripts/with_portal.py "$(CARGO_TARGET_DIR)/debug/slipway" python3 -m unittest discover -s end2end/cli -v
	end2end/mail/run.sh "$(CARGO_TARGET_DIR)/debug/slipway"

test-kill: debug ## The server killed at 35 seeded moments; everything is adopted, nothing half promoted, nothing serves that the ledger does not say, no task runs twice
	python3 end2end/kill/kill.py "$(CARGO_TARGET_DIR)/debug/slipway"

KILLS ?= 100

torture: debug ## The server killed 100 times (KILLS=) at seeded moments (SEED=) over running pipelines: runs go on, nothing runs twice
	python3 end2end/kill/torture.py "$(CARGO_TARGET_DIR)/debug/slipway" "$(or $(SEED),1)" "$(KILLS)"

test-fuzz: debug ## Schemathesis from the API's document, as an editor and as nobody
	python3 scripts/with_portal.py "$(CARGO_TARGET_DIR)/debug/slipway" end2end/fuzz/run.sh

test-disk: debug ## A disk that runs full: refused in a sentence, nothing half-written, and on again
	python3 end2end/disk/full.py "$(CARGO_TARGET_DIR)/debug/slipway"

test-browser: debug ## The dashboard in Chromium, with JavaScript and without
	end2end/browser.sh "$(CARGO_TARGET_DIR)/debug/slipway"

test-kubernetes: debug ## On a real Kubernetes with PostgreSQL: conformance, and the main job in a browser and by script, in pods; needs root, says SKIPPED without
	@$(call pods,run --node --audit --slipway "$(CARGO_TARGET_DIR)/debug/slipway" -- end2end/kubernetes/run.sh "$(CARGO_TARGET_DIR)/debug/slipway")

OPERATORS := jobset,trainer,kserve,kueue

test-operators: debug ## The same where Kubeflow's Trainer and KServe make the pods, with their own controllers, and where Kueue lets them start; the first time these are built
	@$(call pods,run --node --scenario kubeflow --operators $(OPERATORS) --audit --slipway "$(CARGO_TARGET_DIR)/debug/slipway" -- end2end/kubernetes/operators.sh "$(CARGO_TARGET_DIR)/debug/slipway")

test-faults: debug ## On a real Kubernetes: the server killed at seeded moments (SEED=), then API server, kubelet, pods, objects and namespace taken away
	@$(call pods,run --node --slipway "$(CARGO_TARGET_DIR)/debug/slipway" -- end2end/kubernetes/faults.sh "$(CARGO_TARGET_DIR)/debug/slipway")
	@$(call pods,run --node --impatient --slipway "$(CARGO_TARGET_DIR)/debug/slipway" -- end2end/kubernetes/faults.sh "$(CARGO_TARGET_DIR)/debug/slipway")

scale: ## 2000 workloads of 50 teams on a Kubernetes control plane alone: what they cost, into docs/benchmarks.md; a release build
	scripts/needs.sh cluster
	@$(MAKE) bench ONLY=kubernetes

test-install: ## On a real Kubernetes: the portal itself as a pod, by the chart and from deploy/kubernetes; nothing left of it afterwards; a release build
	scripts/needs.sh cluster
	scripts/needs.sh install
	@$(MAKE) build
	end2end/cluster/cluster.py run --node --slipway "$(CARGO_TARGET_DIR)/release/slipway" -- end2end/kubernetes/inside.sh || [ $$? = 77 ]
	end2end/image/image.py "$(CARGO_TARGET_DIR)/release/slipway" "$(CARGO_TARGET_DIR)/slipway-image.tar" || [ $$? = 77 ]
	end2end/cluster/cluster.py run --node -- end2end/kubernetes/helm.sh "$(CARGO_TARGET_DIR)/slipway-image.tar" || [ $$? = 77 ]

test-image: ## The images, made from their Dockerfiles by buildah; needs root, says SKIPPED without; a release build
	scripts/needs.sh cluster
	scripts/needs.sh install
	@$(MAKE) build
	end2end/image/image.py "$(CARGO_TARGET_DIR)/release/slipway" || [ $$? = 77 ]

test-cluster-harness: ## That the cluster for tests is one, and leaves nothing behind
	scripts/needs.sh cluster
	python3 -B end2end/cluster/test_cluster.py

.PHONY: torture test-kfp test-pipelines test-operators test-faults scale test-image test-s3 cluster-images test-install test-kubernetes compile cluster test-cluster-harness bench screenshots demo test-fuzz test-disk test-terminal test-client test-kill test-browser help build dist web debug dev lint test needs test-rust test-runtimes
