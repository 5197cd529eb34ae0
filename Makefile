# Shortcuts for cargo commands, each of which also works alone.

CARGO ?= cargo
TOOLS = unshare nsenter ipcmk ipcs ipcrm
# How clippy treats its lints.
LINTS ?= -D warnings
# The tests that do not need the source tree.
BEHAVIOUR = build cases explain faults held hints hints_of_ids hints_of_unshare inheritance inside json likeness maps objects odd_places persistence readme recipes same_as_reference seccomp supervision targets terminal waiting walkthrough

# Where cargo puts the built programs.
RELEASE ?= $(or $(CARGO_TARGET_DIR),$(CARGO_BUILD_TARGET_DIR),target)$(addprefix /,$(CARGO_BUILD_TARGET))/release

# Where `make install` installs.
PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DOCDIR ?= $(PREFIX)/share/doc/ns-tools
# A prefix for the command names, to install them beside the system's commands.
PROGRAM_PREFIX ?=

# No path of the build machine gets into a program. Flags from the environment or a configuration
# are kept.
CARGO_HOME_DIR = $(or $(CARGO_HOME),$(HOME)/.cargo)
REMAP = --remap-path-prefix=$(CURDIR)=/ns-tools --remap-path-prefix=$(CARGO_HOME_DIR)=/cargo
comma = ,
empty =
quoted = [$(subst $(empty) $(empty),$(comma),$(patsubst %,"%",$(REMAP)))]
# A source archive contains the crates, so that nothing is downloaded.
VENDORED = $(addprefix --config ,$(wildcard vendor/config.toml))
# The tests are a workspace of their own, and have an archive of crates of their own.
TESTS = --manifest-path tests/Cargo.toml $(addprefix --config ,$(wildcard test-crates/config.toml))
ifdef RUSTFLAGS
BUILD = RUSTFLAGS="$(RUSTFLAGS) $(REMAP)" $(CARGO) $(VENDORED) build --release
else
BUILD = $(CARGO) $(VENDORED) --config 'build.rustflags = $(quoted)' build --release
endif

.PHONY: build demo pictures check check-elsewhere check-targets check-reproducible test test-as-ordinary-user faults fuzz compare-random soak sanitised bench bench-record install uninstall static dist deb rpm

build:
	$(BUILD)

# Programs that need no C library of the system, if rustc has the standard library for musl.
MUSL ?= $(shell uname -m)-unknown-linux-musl
static:
	@[ -d "$$(rustc --print sysroot)/lib/rustlib/$(MUSL)" ] || { echo "rustc has no standard library for $(MUSL); see packaging/README.md" >&2; exit 1; }
	$(BUILD) --target $(MUSL)

demo: build
	@echo "Building the walkthrough, which takes a minute the first time."
	$(CARGO) build $(TESTS) --bin demo
	NS_TESTS_BIN_DIR="$(abspath $(RELEASE))" $(CARGO) run --quiet $(TESTS) --bin demo

# Draws the terminals of the walkthrough from a real run.
pictures: build
	NS_TESTS_BIN_DIR="$(abspath $(RELEASE))" $(CARGO) run --quiet $(TESTS) --bin picture > docs/walkthrough.svg.new
	mv docs/walkthrough.svg.new docs/walkthrough.svg

check: build
	$(CARGO) fmt --check
	$(CARGO) fmt --manifest-path tests/Cargo.toml --check
	$(CARGO) clippy $(VENDORED) --workspace --all-targets -- $(LINTS)
	$(CARGO) clippy $(TESTS) --all-targets -- $(LINTS)
	$(MAKE) test
	$(MAKE) test-as-ordinary-user
	$(MAKE) check-reproducible

# `make demo` and `make check` on another release of Debian, or another architecture that this
# processor runs.
SUITE ?= trixie
ARCH ?=
check-elsewhere:
	.ci/check-elsewhere $(SUITE) $(ARCH)

# 32 bits, musl and other architectures, as far as this machine has the tools.
check-targets:
	.ci/check-targets

# The packages: reproducible, without complaints of lintian and rpmlint, and out again without a
# trace.
.PHONY: check-packages
check-packages:
	.ci/check-packages $(SUITE)

# What `make` builds is stripped, contains no path of the build machine, and is identical, byte for
# byte, to a build in another directory.
check-reproducible: build
	tests/reproducible "$(abspath $(RELEASE))"

# All test files run, even when one fails.
test: build
	@status=0; set -x; export NS_TESTS_BIN_DIR="$(abspath $(RELEASE))"; \
	$(CARGO) test $(VENDORED) --no-fail-fast --workspace || status=1; \
	$(CARGO) test --no-fail-fast $(TESTS) || status=1; \
	exit $$status

# The tests that ran as root run again without privileges.
test-as-ordinary-user: build
	@if [ "$$(id -u)" -eq 0 ]; then set -x; \
	$(CARGO) --config 'target."cfg(unix)".runner = ["sh", "$(CURDIR)/tests/as-ordinary-user", "$(abspath $(RELEASE))"]' \
		test --no-fail-fast $(TESTS) $(addprefix --test ,$(BEHAVIOUR)); fi

# Random inputs for every parser: COUNT for each, or as many as fit into TIME seconds each. Failing
# inputs are kept in tests/regressions.
COUNT ?=
TIME ?=
SEED ?= $(shell date +%s)
fuzz:
	NS_FUZZ_COUNT="$(or $(COUNT),$(if $(TIME),1000,100000))" NS_FUZZ_SECONDS="$(TIME)" NS_FUZZ_SEED="$(SEED)" \
		$(CARGO) test --profile sanitised $(TESTS) --test command_lines --test parsers

# COUNT random command lines from a SEED, run with ours and with the installed util-linux: prints
# differences that are not in docs/compatibility.md.
compare-random: build
	$(CARGO) build --release $(TESTS) --bin probe --bin compare
	NS_TESTS_BIN_DIR="$(abspath $(RELEASE))" $(CARGO) run --quiet --release $(TESTS) --bin compare -- $(or $(COUNT),10000) $(SEED)

# Everything that can go wrong at each system call of the main uses, and COUNT kills at random
# moments in each of them; USES selects those whose names begin with it.
USES ?=
faults: build
	$(CARGO) build $(TESTS) --bin probe --bin faults
	NS_TESTS_BIN_DIR="$(abspath $(RELEASE))" $(CARGO) run --quiet $(TESTS) --bin faults -- \
		--kills $(or $(COUNT),100) --seed $(SEED) $(USES)

# Creates, enters, lists and removes, ROUNDS times and eight at a time: then everything must be as
# before.
ROUNDS ?= 10000
soak: build
	NS_TESTS_BIN_DIR="$(abspath $(RELEASE))" $(CARGO) run --quiet --release $(TESTS) --bin soak -- $(ROUNDS)

# Runs the tests with overflow checks and debug assertions, and the main uses under memcheck.
# Left out is what is measured for programs of the released size.
SANITISED = $(abspath $(RELEASE)/../sanitised)
sanitised:
	$(CARGO) build --profile sanitised
	@status=0; set -x; export NS_TESTS_BIN_DIR="$(SANITISED)"; \
	$(CARGO) test --no-fail-fast $(TESTS) $(addprefix --test ,$(filter-out build odd_places,$(BEHAVIOUR)) random_lines soak strange_files) || status=1; \
	$(CARGO) test --profile sanitised $(TESTS) --test command_lines --test parsers || status=1; \
	$(CARGO) test $(TESTS) --test memcheck -- --ignored || status=1; \
	exit $$status

# Writes times relative to the installed util-linux and others, and counts, into
# docs/performance.md: as root, in private namespaces.
bench: build
	NS_TESTS_BIN_DIR="$(abspath $(RELEASE))" $(CARGO) run --quiet --release $(TESTS) --bin bench

# Records what the tools may cost from now on; `make check` compares with it.
bench-record: build
	NS_BLESS=1 NS_TESTS_BIN_DIR="$(abspath $(RELEASE))" $(CARGO) test $(TESTS) --test counts

# Needs what `make` has built, but not cargo.
install:
	@for tool in $(TOOLS); do [ -x "$(RELEASE)/$$tool" ] || \
		{ echo "$(RELEASE)/$$tool is not there: run make first, with the same settings" >&2; exit 1; }; done
	install -d $(foreach folder,$(BINDIR) $(MANDIR)/man1 $(BASHCOMPDIR) $(ZSHCOMPDIR) $(FISHCOMPDIR) $(DOCDIR),"$(DESTDIR)$(folder)")
	set -e; for tool in $(TOOLS); do name="$(PROGRAM_PREFIX)$$tool"; \
		install -m 755 "$(RELEASE)/$$tool" "$(DESTDIR)$(BINDIR)/$$name"; \
		renamed() { sed "$$1" "$$2" > "$$3.new"; chmod 644 "$$3.new"; mv "$$3.new" "$$3"; }; \
		renamed "s/^\.Nm $$tool\$$/.Nm $$name/" "docs/man/$$tool.1" "$(DESTDIR)$(MANDIR)/man1/$$name.1"; \
		renamed "\$$s/ $$tool\$$/ $$name/" "docs/completions/bash/$$tool" "$(DESTDIR)$(BASHCOMPDIR)/$$name"; \
		renamed "1s/ $$tool\$$/ $$name/" "docs/completions/zsh/_$$tool" "$(DESTDIR)$(ZSHCOMPDIR)/_$$name"; \
		renamed "s/^complete -c $$tool /complete -c $$name /" "docs/completions/fish/$$tool.fish" "$(DESTDIR)$(FISHCOMPDIR)/$$name.fish"; \
	done
	install -d "$(DESTDIR)$(MANDIR)/man7"
	install -m 644 docs/man/ns-tools.7 "$(DESTDIR)$(MANDIR)/man7/"
	install -m 644 LICENSE-APACHE LICENSE-MIT README.md CHANGELOG.md SECURITY.md docs/*.md docs/*.svg "$(DESTDIR)$(DOCDIR)/"

uninstall:
	for tool in $(TOOLS); do name="$(PROGRAM_PREFIX)$$tool"; \
		rm -f "$(DESTDIR)$(BINDIR)/$$name" "$(DESTDIR)$(MANDIR)/man1/$$name.1" "$(DESTDIR)$(BASHCOMPDIR)/$$name" \
			"$(DESTDIR)$(ZSHCOMPDIR)/_$$name" "$(DESTDIR)$(FISHCOMPDIR)/$$name.fish"; \
	done
	rm -f "$(DESTDIR)$(MANDIR)/man7/ns-tools.7"
	rm -rf "$(DESTDIR)$(DOCDIR)"

# Where source archives and packages are written.
PACKAGES ?= target/packages

# The source archive with the crates of the lock file, those of the tests, a bill of materials and
# the checksums.
dist:
	CARGO="$(CARGO)" packaging/dist "$(PACKAGES)"

# Packages for the Debian or RPM-based system on which it runs.
deb:
	CARGO="$(CARGO)" packaging/deb "$(PACKAGES)"

rpm:
	CARGO="$(CARGO)" packaging/rpm/build "$(PACKAGES)"
