# make help lists the targets; README.md tells the rest.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

PROFILE ?= quick
SEEDS ?=
JOBS ?=
DATA ?= $(if $(ADAM_DATA),$(ADAM_DATA),data)
# The kept runs that reproduce-all and reproduce-EXPERIMENT start from: reference, or a folder; none:
# everything is made anew.
START ?=
# Further options for the experiments, e.g. OPTIONS="--checkpoint-interval 5".
OPTIONS ?=
# WERROR=1 turns warnings into errors.
WERROR ?=

EXPERIMENTS := $(shell sed -n '/^let experiments/,/^]/s/^  "\(.*\)".*/\1/p' Package.swift)

BIN := .build/release
# The reference results, the one that README.md shows in full first.
REFERENCES := $(foreach p,quick paper,$(if $(wildcard results/reference/$(p)/*.h5),results/reference/$(p)))
# Prints every claim, told by the experiments themselves.
CLAIMS = { printf '\043 experiment\tclaim\tplace\tstatement\trule\tfigure; written by make claims\n'; \
  for e in $(EXPERIMENTS); do $(BIN)/$$e --claims || exit; done; }
SWIFTFLAGS := -c release $(if $(WERROR),-Xswiftc -warnings-as-errors)
SOURCES := Package.swift $(shell find Sources reproductions -name '*.swift' -o -name '*.c' -o -name '*.h' -o -name '*.tsv' -o -name 'module.modulemap')
STAMPS := .build/stamps
# A header that comes or goes leaves Clang's cached modules stale, which the package manager overlooks.
HEADERS := $(sort $(shell find Sources Tests -name '*.h'))
FRESH_MODULES = @mkdir -p $(STAMPS); echo "$(HEADERS)" | cmp -s - $(STAMPS)/headers || \
  { rm -rf .build/*/release/ModuleCache; echo "$(HEADERS)" > $(STAMPS)/headers; }
# The commit of the source tree, for Package.swift to compile in.
REVISION = ADAM_REPRODUCTION_REVISION="$$(reproductions/support/revision.sh)"
RUN_OPTIONS := --profile $(PROFILE) --data-dir '$(DATA)' $(if $(SEEDS),--seeds '$(SEEDS)') $(if $(JOBS),--jobs $(JOBS)) $(OPTIONS)
START_OPTION := $(if $(START),--start '$(if $(filter reference,$(START)),results/reference/$(PROFILE),$(START))')

.PHONY: help
help: ## list the targets
	@echo "targets:"
	@sed -n 's/^\([a-z][a-z%-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r t h; do printf '  %-22s %s\n' "$$t" "$$h"; done
	@echo "variables: PROFILE=smoke|quick|paper SEEDS='0..<5' JOBS=2 DATA=folder START=reference OPTIONS='...'"
	@echo "experiments: $(EXPERIMENTS)"

.PHONY: deps
deps: $(STAMPS)/deps ## install the C libraries and gnuplot, if they are missing

$(STAMPS)/deps: reproductions/support/install-dependencies.sh
	@reproductions/support/install-dependencies.sh
	@mkdir -p $(STAMPS) && touch $@

.PHONY: build
build: $(STAMPS)/build ## build every executable

$(STAMPS)/build: $(STAMPS)/deps $(SOURCES)
	$(FRESH_MODULES)
	$(REVISION) swift build $(SWIFTFLAGS)
	@touch $@

.PHONY: data
data: $(STAMPS)/deps ## download the data sets that are missing from DATA
	@reproductions/support/get-data.sh "$(DATA)"

.PHONY: reproduce-all
reproduce-all: $(STAMPS)/build ## run every experiment, then report; PROFILE=smoke|quick|paper
	@reproductions/support/reproduce-all.sh "$(PROFILE)" "$(DATA)" "$(EXPERIMENTS)" $(RUN_OPTIONS) $(START_OPTION)

.PHONY: $(EXPERIMENTS:%=reproduce-%)
$(EXPERIMENTS:%=reproduce-%): reproduce-%: $(STAMPS)/build
	@$(BIN)/$* $(RUN_OPTIONS) $(START_OPTION)

.PHONY: reproduce-EXPERIMENT
reproduce-EXPERIMENT: ## run one experiment, e.g. make reproduce-mnist-logistic
	@echo "name one of: $(EXPERIMENTS:%=reproduce-%)"; exit 64

# Seeds for each grid point; the committed tables have one.
SEARCH_SEEDS ?= 1

.PHONY: search
search: $(STAMPS)/build ## search the step sizes that profile quick takes from files (hours)
	@for e in $(EXPERIMENTS); do \
	  if [ -f reproductions/$$e/search.tsv ]; then \
	    $(BIN)/$$e --search $(filter-out --profile $(PROFILE),$(RUN_OPTIONS)) --profile quick \
	      --search-seeds $(SEARCH_SEEDS) \
	      && cp results/search/$$e.tsv reproductions/$$e/search.tsv || exit; \
	  fi; done

.PHONY: report
report: $(STAMPS)/build ## write the report of results/PROFILE
	@$(BIN)/report --results results/$(PROFILE)

.PHONY: reference
reference: $(STAMPS)/build ## make the results of PROFILE the reference that is kept with the project
	@mkdir -p results/reference/$(PROFILE)
	@for e in $(EXPERIMENTS); do \
	  [ -e results/$(PROFILE)/$$e.h5 ] || continue; \
	  $(BIN)/$$e $(RUN_OPTIONS) --export results/reference/$(PROFILE)/$$e.runs || exit; done
	cp results/$(PROFILE)/*.h5 results/reference/$(PROFILE)/
	@$(MAKE) --no-print-directory reference-figures claims

# How many kept runs an audit makes again, which (a number: always the same ones), and the seconds that
# they may take together.
AUDIT ?= 5
SEED ?=
AUDIT_SECONDS ?= $(shell echo $$((40 * $(AUDIT))))

.PHONY: audit
audit: $(STAMPS)/build ## make some of the kept runs of PROFILE again and compare; AUDIT=5 SEED=
	@reproductions/support/audit.sh "$(PROFILE)" "$(AUDIT)" "$(SEED)" "$(AUDIT_SECONDS)" "$(EXPERIMENTS)" $(RUN_OPTIONS)

.PHONY: reference-figures
reference-figures: $(STAMPS)/build ## draw the figures of the reference results again
	@for p in $(REFERENCES); do \
	  $(BIN)/report --quiet --results $$p --output .build/reference-report || exit; \
	  mkdir -p $$p/figures && rm -f $$p/figures/*.svg && cp .build/reference-report/figures/*.svg $$p/figures/ || exit; \
	  rm -rf .build/reference-report; \
	done

.PHONY: claims
claims: $(STAMPS)/build ## write the list of all claims, results/reference/claims.tsv
	@mkdir -p results/reference
	@{ $(CLAIMS); } > results/reference/claims.tsv.partial && mv results/reference/claims.tsv.partial results/reference/claims.tsv

.PHONY: readme
readme: $(STAMPS)/build ## put the reference results into README.md
	@$(BIN)/report --readme README.md $(REFERENCES:%=--results %)

.PHONY: check-readme
check-readme: $(STAMPS)/build ## see that README.md and the list of claims are those of make readme and make claims
	@$(CLAIMS) | cmp -s - results/reference/claims.tsv || { echo "run 'make claims'" >&2; exit 1; }
	@$(BIN)/report --check-readme README.md $(REFERENCES:%=--results %)

.PHONY: check-report
check-report: $(STAMPS)/build ## open the report of PROFILE in Chromium, and give the command report bad input
	@page=results/$(PROFILE)/report/index.html; \
	  [ -e "$$page" ] || { echo "there is no $$page: run make report" >&2; exit 66; }; \
	  Tests/report/check-command.sh "$$(ls results/$(PROFILE)/*.h5 | head -n 1)" && Tests/report/check-page.sh "$$page"

.PHONY: status
status: $(STAMPS)/build ## runs done and to do, by experiment
	@printf '%-24s  %-20s  %-28s  %s\n' experiment runs time 'to do'
	@for e in $(EXPERIMENTS); do $(BIN)/$$e --status $(RUN_OPTIONS); done

.PHONY: inspect
inspect: ## the headers of the result files
	@command -v h5dump > /dev/null || { echo "h5dump is missing: apt-get install hdf5-tools" >&2; exit 69; }
	@found=; for f in results/$(PROFILE)/*.h5; do [ -e "$$f" ] || continue; found=1; h5dump -H "$$f"; done; \
	  [ -n "$$found" ] || { echo "no results in results/$(PROFILE): run make reproduce-all" >&2; exit 66; }

.PHONY: test
test: $(STAMPS)/deps ## run the tests
	$(FRESH_MODULES)
	$(REVISION) swift build $(SWIFTFLAGS) --build-tests
	$(REVISION) swift test $(SWIFTFLAGS) --skip-build
	@touch $(STAMPS)/build

.PHONY: reliability
reliability: $(STAMPS)/build ## kill, starve and damage runs, and see that nothing is lost (20 min)
	@for c in $$(ls Tests/reliability/*.sh | grep -v common.sh); do echo "$$c"; $$c || exit; done
	BIN=$(BIN)/vae-bias-correction DISK_SIZE=200m Tests/reliability/full-disk.sh

.PHONY: lint
lint: ## check the format of the sources and the scripts
	swift format lint --strict -r Sources Tests reproductions Package.swift
	@if command -v shellcheck > /dev/null; then git ls-files -z '*.sh' '.ci/*' | xargs -0 shellcheck; \
	  else echo "shellcheck is missing, scripts are not checked"; fi

.PHONY: bench
bench: $(STAMPS)/build ## time a training step of every experiment, and every update
	@for b in $$(sed -n '/^let tools/,/^]/s/.*"\(bench-[a-z]*\)".*/\1/p' Package.swift); do $(BIN)/$$b || exit; done

PYTHON ?= python3

.PHONY: bench-peers
bench-peers: $(STAMPS)/build ## time a training step beside PyTorch's (PYTHON= an interpreter that has torch)
	@$(PYTHON) reproductions/support/bench-peers.py $(BIN)/bench-networks

.PHONY: fuzz
fuzz: $(STAMPS)/deps ## fuzz the readers with libFuzzer for 60 s each
	Tests/Fuzz/run.sh 60

.PHONY: mutation-check
mutation-check: $(STAMPS)/deps ## flip the signs of every optimizer and see its tests fail (20 min)
	Tests/mutation-check.sh

.PHONY: clean
clean: ## remove the build; results stay
	rm -rf .build
