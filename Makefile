# What one does here. `make demo` needs Go and make and nothing else.

GO ?= go
FUZZTIME ?= 20s
SOAK ?= 5m

.PHONY: screenshots build fast demo test lint fuzz soak nodes bench cover clean

build: ## the program, static, in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/myodai ./cmd/myodai

fast: ## the same with the machine's libcrypto for RSA, in bin/; needs glibc
	CGO_ENABLED=0 $(GO) build -trimpath -tags libcrypto -o bin/myodai-fast ./cmd/myodai

demo: ## the main job on this machine alone; EXIT=1 ends when the story is told
	CGO_ENABLED=0 $(GO) run ./cmd/myodai demo $(if $(EXIT),--exit)

test: ## everything, on both databases and against servers that others wrote
	scripts/test

screenshots: ## a picture of every page, in both languages, in screenshots/
	scripts/axe
	MYODAI_SCREENSHOTS=$(CURDIR)/screenshots $(GO) test ./internal/console -run 'Browser|EveryPage' -count 1

lint: ## vet, staticcheck, gosec, govulncheck
	scripts/lint

fuzz: ## every fuzz target for FUZZTIME
	scripts/fuzz $(FUZZTIME)

soak: ## kills, deaths, pulled plugs, failing disks: much more of them than the tests have, the more the longer SOAK is
	scripts/packages
	MYODAI_SOAK=$(SOAK) scripts/postgres $(GO) test ./e2e -run 'TestNothingAcceptedIsLost|TestThreeNodes|TestAnyNode|TestCrash|TestPowerLoss|TestBadDisk|TestPostgres' -v -timeout 120m

nodes: ## three nodes, one of them killed every ten seconds, for SOAK
	scripts/packages
	MYODAI_SOAK=$(SOAK) scripts/postgres $(GO) test ./e2e -run TestAnyNodeKilled -v -timeout 20m

bench: ## what is fast and what is not, measured, beside Postfix and the machine's limits
	$(GO) test -run '^$$' -bench . -benchmem ./...
	$(GO) test -run '^$$' -bench Checks -benchtime 20000x ./bench
	$(GO) test -run '^$$' -bench Audit -benchtime 1000000x ./bench
	scripts/packages bench
	scripts/postgres $(GO) run ./bench

clean:
	rm -rf bin
