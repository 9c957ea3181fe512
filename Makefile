# Millrace. `make` lists the targets.

GO       ?= go
BIN      := bin/millrace
OUT      := dist
TOOLS    := $(CURDIR)/.tools
LINT     := $(TOOLS)/golangci-lint
FUZZTIME ?= 5s
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT   ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null)
# Of the commit, so that the same commit always builds the same bytes.
DATE     ?= $(shell TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)

.PHONY: help setup build run test unit e2e packages ci lint fmt fuzz bench load web web-check release clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what the tests need (Debian packages, linter, web modules)
	@scripts/setup "$(TOOLS)"

build: ## build bin/millrace
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/millrace

run: build ## build it and start it with the demo stream
	$(BIN) serve --demo --open --data millrace-data

test: setup lint unit web-check ## everything that proves the promises once: at most 20 minutes
	$(MAKE) e2e packages

unit: ## unit tests under the race detector, import rules and a program that uses the library
	scripts/gotest -race -timeout 10m ./...
	scripts/gotest -timeout 10m -run 'Alloc|Budget' ./...
	scripts/check-library

e2e: build ## real encoders and players against the built server
	cd test && MILLRACE=$(CURDIR)/$(BIN) ../scripts/gotest -short -count=1 -parallel 5 -timeout 18m ./docs/... ./e2e/... ./load/...

packages: ## what users install: archives, the Debian package, the container, and docs/install.md
	cd test && PLATFORMS='$(or $(PLATFORMS),linux/amd64)' ../scripts/gotest -count=1 -timeout 10m ./packaging/...

ci: setup ## what CI adds to `test`: end to end under the race detector, longer fuzzing, all platforms
	$(GO) build -race -o bin/millrace-race ./cmd/millrace
	cd test && MILLRACE=$(CURDIR)/bin/millrace-race MILLRACE_SLOW=1 ../scripts/gotest -race -count=1 -parallel 4 -timeout 30m ./docs/... ./e2e/...
	scripts/gotest -race -tags portable -timeout 5m ./internal/netx ./internal/proto/... ./internal/tool/bench
	CGO_ENABLED=0 $(GO) build -tags portable -o bin/millrace-portable ./cmd/millrace
	cd test && MILLRACE=$(CURDIR)/bin/millrace-portable ../scripts/gotest -count=1 -timeout 8m \
		-run '^TestEveryPacket|^TestTSEveryPacket|JoinLate|OneKind|FirstKeyFrame|WebSocketFLV|Crowd|Hung' ./e2e
	FUZZTIME=10s scripts/fuzz
	scripts/check-platforms
	$(MAKE) packages PLATFORMS='linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64'

lint: setup ## go vet, golangci-lint, and whether NOTICE names every module
	$(GO) vet ./...
	cd test && $(GO) vet ./...
	$(LINT) run ./...
	scripts/notice --check

fmt: setup ## format all Go code
	$(LINT) fmt ./...

fuzz: ## fuzz every parser, FUZZTIME each (default 5s; try FUZZTIME=10m)
	FUZZTIME=$(FUZZTIME) scripts/fuzz

bench: ## the benchmarks whose results stand in docs/PERFORMANCE.md
	$(GO) test -run '^$$' -bench . -benchmem ./amf ./flv ./rtmp/... ./internal/hub ./internal/packager/... ./internal/proto/...

load: ## Millrace beside nginx-rtmp and bare loops, for docs/PERFORMANCE.md: hours (LOAD=--quick: a minute)
	cd test && $(GO) run ./load $(LOAD)

web: ## rebuild the embedded pages from web/ (needs Node)
	cd web && export PATH=$(TOOLS)/bin:$$PATH && npm ci --no-audit --no-fund && npm run build

web-check: setup ## rebuild the pages and compare them with what is committed
	scripts/check-web

release: ## static archives, Debian packages and their checksums, in dist/ (PLATFORMS: all)
	VERSION=$(VERSION) DATE=$(DATE) LDFLAGS='$(LDFLAGS)' scripts/release $(OUT) $(PLATFORMS)

clean: ## remove what was built
	rm -rf bin dist .tools
