# The commands of the README. Each installs what it needs, and is quick the second time.
#   make demo    build and measure a small bundled model, ending with the table
#   make test    build once and pass every test
#   make check   the slower checks: sanitizers, fuzzers, clang-tidy, formatting
#   make bench   one table of benchmarks
#   make package an archive and a .deb that run on other machines, in build/release/dist
#   make docs    the documentation site, in build/site
.PHONY: demo test check bench package docs build clean
.PHONY: setup setup-test setup-check setup-bench setup-package setup-docs
.DEFAULT_GOAL := build

JOBS ?= $(shell nproc)
RELEASE := build/release

setup:
	@scripts/setup build
setup-test:
	@scripts/setup build train page plot docs
setup-check:
	@scripts/setup build plot check
setup-docs:
	@scripts/setup build docs
setup-bench:
	@scripts/setup build bench page
setup-package:
	@scripts/setup build package

$(RELEASE)/build.ninja: CMakePresets.json engine/package-lock.json | setup
	cmake --preset release

build: setup $(RELEASE)/build.ninja
	cmake --build $(RELEASE) -j $(JOBS) --target ipw ipw_test_models

demo: build
	@scripts/demo $(RELEASE)

test: setup-test $(RELEASE)/build.ninja
	cmake --build $(RELEASE) -j $(JOBS)
	ctest --test-dir $(RELEASE) -j $(JOBS) --output-on-failure

check: setup-check
	scripts/check

bench: setup-bench
	cmake --preset release -DIPW_BENCH=ON
	cmake --build $(RELEASE) -j $(JOBS)
	bench/run $(RELEASE)

package: setup-package $(RELEASE)/build.ninja
	cmake --build $(RELEASE) -j $(JOBS) --target ipw_packages
	@ls -l $(RELEASE)/dist/*.tar.gz $(RELEASE)/dist/*.deb

docs: setup-docs build
	IPW_PROGRAM=$(CURDIR)/$(RELEASE)/ipw/cli/ipw mkdocs build --strict -f site/mkdocs.yml
	@echo "The site is in build/site; open build/site/index.html"

clean:
	rm -rf build
