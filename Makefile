# make help lists the targets; README.md tells the rest.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

PROFILE ?= quick
SEEDS ?=
JOBS ?=
DATA ?=
# The kept runs that reproduce-all and reproduce-EXPERIMENT start from: reference, or a folder; none:
# everything is made anew.
START ?=
# Further options for the experiments, e.g. OPTIONS="--checkpoint-interval 5".
OPTIONS ?=
# Where runs are made: local or slurm (docs/cluster.md).
ENGINE ?= local
ENGINES := local slurm
# WERROR=1 turns warnings into errors.
WERROR ?=

# Values reach the recipes by the environment, as they are: quotes, spaces and $ in a path mean nothing.
DATA_FOLDER_OF_MAKE := $(if $(value DATA),yes)
override DATA := $(if $(value DATA),$(value DATA),$(value ADAM_DATA))
export PROFILE SEEDS JOBS DATA
# One after the other, whatever -j says: the build and the experiments use the processors themselves.
.NOTPARALLEL:

EXPERIMENTS := $(shell sed -n '/^let experiments/,/^]/s/^  "\(.*\)".*/\1/p' Package.swift)

BIN := .build/release
# The reference results, the one that README.md shows in full first.
REFERENCES := $(foreach p,quick paper,$(if $(wildcard results/reference/$(p)/*.h5),results/reference/$(p)))
# Prints every claim, told by the experiments themselves.
CLAIMS = for e in $(EXPERIMENTS); do $(BIN)/$$e --claims || exit; done | awk '!/^\043/ || !header++'
# Copies files, each in one step.
KEEP := reproductions/support/keep.sh
SWIFTFLAGS := -c release $(if $(WERROR),-Xswiftc -warnings-as-errors)
SOURCES := Package.swift $(shell find Sources reproductions -name '*.swift' -o -name '*.c' -o -name '*.h' -o -name '*.tsv' -o -name 'module.modulemap')
STAMPS := .build/stamps
# A header that comes or goes leaves Clang's cached modules stale, which the package manager overlooks.
HEADERS := $(sort $(shell find Sources Tests -name '*.h'))
FRESH_MODULES = @mkdir -p $(STAMPS); echo "$(HEADERS)" | cmp -s - $(STAMPS)/headers || \
  { rm -rf .build/*/release/ModuleCache; echo "$(HEADERS)" > $(STAMPS)/headers; }
# The commit of the source tree, for Package.swift to compile in.
REVISION = ADAM_REPRODUCTION_REVISION="$$(reproductions/support/revision.sh)"
START_OPTION := $(if $(START),--start '$(if $(filter reference,$(START)),results/reference/$(PROFILE),$(START))')
OPTIONS_BUT_PROFILE := $${DATA:+--data-dir "$$DATA"} $${SEEDS:+--seeds "$$SEEDS"} \
  $${JOBS:+--jobs "$$JOBS"} $(OPTIONS)
RUN_OPTIONS := --profile "$$PROFILE" $(OPTIONS_BUT_PROFILE)

# What was asked for is checked before anything is installed, built or downloaded.
PROFILES := smoke quick paper
RUNS := $(filter reproduce-% status cancel search,$(MAKECMDGOALS))
LOOKS := $(filter report inspect check-report reference,$(MAKECMDGOALS))
UNKNOWN := $(filter-out $(addprefix reproduce-,$(EXPERIMENTS) all EXPERIMENT),$(filter reproduce-%,$(RUNS)))
ifneq ($(UNKNOWN),)
$(error there is no experiment $(UNKNOWN:reproduce-%=%); there are: $(EXPERIMENTS))
endif
ifneq ($(if $(RUNS)$(if $(wildcard results/$(firstword $(PROFILE) -)),,$(LOOKS)),$(filter-out 1,$(words $(PROFILE)))$(filter-out $(PROFILES),$(PROFILE))),)
$(error PROFILE is "$(PROFILE)"; choose from: $(PROFILES))
endif

ifneq ($(if $(RUNS),$(filter-out 1,$(words $(ENGINE)))$(filter-out $(ENGINES),$(ENGINE))),)
$(error ENGINE is "$(ENGINE)"; choose from: $(ENGINES))
endif

.PHONY: check-data-folder
check-data-folder:
	@$(if $(findstring --stand-in,$(OPTIONS)),:,reproductions/support/check-data-folder.sh)

.PHONY: help
help: ## list the targets
	@echo "targets:"
	@sed -n 's/^\([a-z][a-z%-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r t h; do printf '  %-22s %s\n' "$$t" "$$h"; done
	@echo "variables: PROFILE=smoke|quick|paper SEEDS='0..<5' JOBS=2 DATA=folder START=reference OPTIONS='...' ENGINE=local|slurm"
	@echo "experiments: $(EXPERIMENTS)"

.PHONY: deps
deps: ## install the C libraries, gnuplot, curl and Fashion-MNIST, if they are missing
	@reproductions/support/install-dependencies.sh --all
	@mkdir -p $(STAMPS) && touch $(STAMPS)/deps

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
data: ## download the data sets that are missing from DATA
	@reproductions/support/get-data.sh $(if $(DATA_FOLDER_OF_MAKE),"$$DATA")

# The script of ENGINE: the part of cluster.sh that $(1) names, or for local the command $(2).
ENGINE_COMMAND = $(if $(filter slurm,$(ENGINE)),reproductions/support/cluster.sh $(1),$(2))

.PHONY: reproduce-all
reproduce-all: check-data-folder $(STAMPS)/build ## run every experiment, then report; PROFILE=smoke|quick|paper ENGINE=local|slurm
	@$(call ENGINE_COMMAND,start,reproductions/support/reproduce-all.sh) "$$PROFILE" "$$DATA" "$(EXPERIMENTS)" $(RUN_OPTIONS) $(START_OPTION)

.PHONY: $(EXPERIMENTS:%=reproduce-%)
$(EXPERIMENTS:%=reproduce-%): reproduce-%: check-data-folder $(STAMPS)/build
	@$(BIN)/$* $(RUN_OPTIONS) $(START_OPTION)

.PHONY: reproduce-EXPERIMENT
reproduce-EXPERIMENT: ## run one experiment, e.g. make reproduce-mnist-logistic
	@echo "name one of: $(EXPERIMENTS:%=reproduce-%)"; exit 64

# Seeds for each grid point; the committed tables have one, that of imdb-logistic five.
SEARCH_SEEDS ?= 1

.PHONY: search
search: check-data-folder $(STAMPS)/build ## search the step sizes that profile quick takes from files (hours)
	@for e in $(EXPERIMENTS); do \
	  if [ -f reproductions/$$e/search.tsv ]; then \
	    $(BIN)/$$e --search $(OPTIONS_BUT_PROFILE) --profile quick \
	      --search-seeds $(SEARCH_SEEDS) \
	      && $(KEEP) results/search/$$e.tsv reproductions/$$e/search.tsv || exit; \
	  fi; done

# The other profiles with results from real data: each claim is told by the longest.
OTHER_PROFILES = $(if $(filter smoke,$(PROFILE)),,$(foreach p,$(filter-out smoke $(PROFILE),$(PROFILES)),$(if $(wildcard results/$(p)/*.h5),results/$(p))))

.PHONY: report
report: $(STAMPS)/build ## write the report of results/PROFILE, with what other profiles add
	@$(BIN)/report --results results/$(PROFILE) $(OTHER_PROFILES:%=--results %)

.PHONY: reference
reference: $(STAMPS)/build ## make the results of PROFILE the reference that is kept with the project
	@mkdir -p results/reference/$(PROFILE)
	@for e in $(EXPERIMENTS); do \
	  [ -e results/$(PROFILE)/$$e.h5 ] || continue; \
	  $(BIN)/$$e $(RUN_OPTIONS) --export results/reference/$(PROFILE)/$$e.runs || exit; done
	@$(KEEP) results/$(PROFILE)/*.h5 results/reference/$(PROFILE)
	@$(MAKE) --no-print-directory reference-figures claims

# How many kept runs an audit makes again, which (a number: always the same ones), and the seconds that
# they may take together.
AUDIT ?= 5
SEED ?=
AUDIT_SECONDS ?= $(shell echo $$((40 * $(AUDIT))))

.PHONY: audit
audit: $(STAMPS)/build ## make some of the kept runs of PROFILE again and compare; AUDIT=5 SEED=
	@reproductions/support/audit.sh "$$PROFILE" "$(AUDIT)" "$(SEED)" "$(AUDIT_SECONDS)" "$(EXPERIMENTS)" $(RUN_OPTIONS)

.PHONY: rejudge
rejudge: $(STAMPS)/build ## judge the claims of the reference results again, by today's rules
	@for p in $(REFERENCES); do for e in $(EXPERIMENTS); do \
	  [ ! -e $$p/$$e.h5 ] || $(BIN)/$$e --rejudge --quiet --output $$p/$$e.h5 || exit; done; done

.PHONY: reference-figures
reference-figures: $(STAMPS)/build ## draw the figures of the reference results again
	@f=results/reference/figures; rm -rf .build/reference-report && \
	  $(BIN)/report --quiet $(REFERENCES:%=--results %) --output .build/reference-report && \
	  mkdir -p $$f && $(KEEP) .build/reference-report/figures/*.svg $$f && \
	  for old in $$f/*.svg; do \
	    [ -e .build/reference-report/figures/$${old##*/} ] || rm -f "$$old"; \
	  done && rm -rf .build/reference-report

.PHONY: claims
claims: $(STAMPS)/build ## write the list of all claims, results/reference/claims.tsv
	@mkdir -p results/reference
	@t=results/reference/claims.tsv.partial; \
	  ( $(CLAIMS) ) > $$t && sync $$t && mv $$t results/reference/claims.tsv || { rm -f $$t; exit 74; }

.PHONY: readme
readme: $(STAMPS)/build ## put the reference results into README.md, docs/errata.md, the ledger and the experiments' READMEs, and the changes of rules into docs/rules.md
	@$(BIN)/report --readme README.md --errata docs/errata.md --rules docs/rules.md --ledger results/reference --experiments reproductions $(REFERENCES:%=--results %)

.PHONY: errata
errata: $(STAMPS)/build ## write docs/errata.md with the evidence of the reference results
	@$(BIN)/report --errata docs/errata.md $(REFERENCES:%=--results %)

.PHONY: check-readme
check-readme: $(STAMPS)/build ## see that README.md, the list of claims, docs/errata.md, docs/rules.md and docs/speed.md are those of make readme, claims, errata and speed-page
	@$(CLAIMS) | cmp -s - results/reference/claims.tsv || { echo "run 'make claims'" >&2; exit 1; }
	@$(BIN)/report --check-readme README.md --errata docs/errata.md --rules docs/rules.md --ledger results/reference --experiments reproductions $(REFERENCES:%=--results %)
	@$(if $(wildcard $(SPEED)),python3 Tests/peers/page.py --check $(SPEED) $(OTHER_SPEEDS) docs/speed.md)

.PHONY: check-report
check-report: $(STAMPS)/build ## open the report of PROFILE and README's figures in Chromium, and give the command report bad input
	@page=results/$(PROFILE)/report/index.html; \
	  [ -e "$$page" ] || { echo "there is no $$page: run make report" >&2; exit 66; }; \
	  Tests/report/check-command.sh "$$(ls results/$(PROFILE)/*.h5 | head -n 1)" && \
	  Tests/report/check-page.sh "$$page" results/$(PROFILE)/report/screenshots README.md results/reference/README.md && \
	  echo "screenshots: results/$(PROFILE)/report/screenshots"

.PHONY: cancel
cancel: ## with ENGINE=slurm: end what is in the queue; what was made is kept
	@$(call ENGINE_COMMAND,cancel,echo "stop a local one by Ctrl-C" >&2; exit 64;) "$$PROFILE" "$$DATA" "$(EXPERIMENTS)" $(RUN_OPTIONS)

.PHONY: status
status: check-data-folder $(STAMPS)/build ## runs done and to do, by experiment; with ENGINE=slurm the rounds too
	@$(if $(filter local,$(ENGINE)),,$(call ENGINE_COMMAND,status) "$$PROFILE" "$$DATA" "$(EXPERIMENTS)" $(RUN_OPTIONS) && echo)
	@reproductions/support/status.sh "$(EXPERIMENTS)" $(RUN_OPTIONS)

.PHONY: inspect
inspect: $(STAMPS)/build ## names and shapes of what is in the result files of PROFILE
	@files=(results/$(PROFILE)/*.h5); [ -e "$${files[0]}" ] \
	  || { echo "no results in results/$(PROFILE): run make reproduce-all" >&2; exit 66; }; \
	  $(BIN)/report --inspect "$${files[@]}"

.PHONY: completions
completions: $(STAMPS)/build ## write completions for bash, zsh and fish and manual pages to .build/completions, .build/man
	@for p in $(EXPERIMENTS) report optimizer-trace adam; do \
	  mkdir -p .build/completions/{bash,zsh,fish} .build/man/man1 && \
	  $(BIN)/$$p --completions bash > .build/completions/bash/$$p && \
	  $(BIN)/$$p --completions zsh > .build/completions/zsh/_$$p && \
	  $(BIN)/$$p --completions fish > .build/completions/fish/$$p.fish && \
	  $(BIN)/$$p --man > .build/man/man1/$$p.1 || exit; \
	done
	@echo "bash: source .build/completions/bash/adam (or copy to ~/.local/share/bash-completion/completions)"
	@echo "zsh:  fpath=($(CURDIR)/.build/completions/zsh \$$fpath); compinit"
	@echo "fish: copy .build/completions/fish/* to ~/.config/fish/completions"
	@echo "man:  man -M .build/man adam"

.PHONY: test
test: $(STAMPS)/deps ## run the tests
	$(FRESH_MODULES)
	$(REVISION) swift build $(SWIFTFLAGS) --build-tests
	set -o pipefail; $(REVISION) swift test $(SWIFTFLAGS) --skip-build 2>&1 | tee .build/tests.log
	@Tests/slowest.sh .build/tests.log
	@touch $(STAMPS)/build

.PHONY: test-fast
test-fast: $(STAMPS)/deps ## run the tests that start no program
	$(FRESH_MODULES)
	$(REVISION) swift build $(SWIFTFLAGS) --build-tests
	$(REVISION) swift test $(SWIFTFLAGS) --skip-build --skip EndToEndTests --skip StorageTests
	@touch $(STAMPS)/build

.PHONY: reliability
reliability: $(STAMPS)/build ## kill, starve and damage runs, and see that nothing is lost (over an hour)
	@for c in $$(ls Tests/reliability/*.sh | grep -v common.sh); do echo "$$c"; $$c || exit; done
	BIN=$(BIN)/vae-bias-correction DISK_SIZE=200m Tests/reliability/full-disk.sh
	@for c in Tests/cluster/*.sh; do case $$c in *-common.sh) ;; *) echo "$$c"; $$c || exit ;; esac; done

.PHONY: lint
lint: ## check the format of the sources and the scripts
	swift format lint --strict -r Sources Tests reproductions Package.swift
	@if command -v shellcheck > /dev/null; then git ls-files -z '*.sh' '*.sbatch' '.ci/*' | xargs -0 shellcheck; \
	  else echo "shellcheck is missing, scripts are not checked"; fi

.PHONY: bench
bench: $(STAMPS)/build ## time a training step of every experiment, and every update
	@for b in $$(sed -n '/^let tools/,/^]/s/.*"\(bench-[a-z]*\)".*/\1/p' Package.swift); do $(BIN)/$$b || exit; done

# What bench-peers measures (default: all), where it keeps the outcome, and an older one to compare with.
CASES ?=
PEERS ?=
OUTCOME ?= .build/bench-peers/outcome.json
COMPARE ?=
# The outcome that docs/speed.md shows.
SPEED := results/reference/speed.json
# Others whose ratios stand beside.
OTHER_SPEEDS := $(wildcard results/reference/speed-*.json)

.PHONY: bench-peers
bench-peers: $(STAMPS)/build ## time training steps beside PyTorch, JAX and TensorFlow (from PyPI, 2.9 GB); CASES='mlp vae' PEERS=torch COMPARE=OLD.json
	@mkdir -p .build/bench-peers && python=$$(Tests/independent/environment.sh) && \
	  "$$python" Tests/peers/bench.py --cases "$(CASES)" --peers "$(PEERS)" --output '$(OUTCOME)' \
	    $(if $(COMPARE),--compare '$(COMPARE)') $(OPTIONS) $(BIN)/bench-networks

.PHONY: speed-page
speed-page: ## write the tables of docs/speed.md from the kept outcome of bench-peers
	@python3 Tests/peers/page.py $(SPEED) $(OTHER_SPEEDS) docs/speed.md

.PHONY: check-independent
check-independent: $(STAMPS)/build ## see optimizer-trace name the optimizers of PyTorch, optax and Keras, and PyTorch train sections 6.1, 6.2 and 6.4 (from PyPI, 2.9 GB)
	@python=$$(Tests/independent/environment.sh) && "$$python" Tests/independent/check.py $(BIN)/optimizer-trace && \
	  "$$python" Tests/independent/retrain.py "$${DATA:?set DATA to the folder of the data sets}/mnist" \
	  $(wildcard $(addprefix results/reference/,quick/mnist-logistic.h5 paper/mnist-mlp.h5 paper/vae-bias-correction.h5)) && \
	  "$$python" Tests/independent/steps.py $(BIN) "$$DATA/mnist" \
	  $(wildcard results/reference/quick/mnist-four-hidden.h5)

.PHONY: conformance
conformance: ## run the conformance set through PyTorch, optax and Keras, and write the table into docs/check-your-optimizer.md (10 min)
	@python=$$(Tests/independent/environment.sh) && rows=$$(mktemp -d) && trap 'rm -rf "$$rows"' EXIT && \
	  for f in torch optax keras; do \
	    "$$python" Tests/conformance/run_$$f.py --json > "$$rows/$$f" || exit; \
	  done && "$$python" Tests/conformance/table.py docs/check-your-optimizer.md "$$rows"/torch "$$rows"/optax "$$rows"/keras

.PHONY: fuzz
fuzz: $(STAMPS)/deps ## fuzz the readers with libFuzzer for 60 s each
	Tests/Fuzz/run.sh 60

.PHONY: mutation-check
mutation-check: $(STAMPS)/deps ## flip the signs of every optimizer and see its tests fail (20 min)
	Tests/mutation-check.sh

.PHONY: clean
clean: ## remove the build; results stay
	rm -rf .build
