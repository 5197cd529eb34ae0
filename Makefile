# Thin faces of cargo commands, each of which works alone too.

PREFIX ?= /usr/local
DESTDIR ?=
CARGO ?= cargo
TOOLS = unshare nsenter ipcmk ipcs ipcrm
# The tests are a workspace of their own.
TESTS = --manifest-path tests/Cargo.toml
# The tests that need nothing of the source tree.
BEHAVIOUR = build cases explain faults inheritance inside maps objects persistence same_as_reference targets terminal waiting walkthrough
RELEASE = $(or $(CARGO_TARGET_DIR),target)/release

.PHONY: build demo check test test-as-ordinary-user bench install uninstall

build:
	$(CARGO) build --release

demo: build
	$(CARGO) run --quiet $(TESTS) --bin demo

check: build
	$(CARGO) fmt --check
	$(CARGO) fmt $(TESTS) --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy $(TESTS) --all-targets -- -D warnings
	$(MAKE) test
	$(MAKE) test-as-ordinary-user

test:
	$(CARGO) test --workspace
	$(CARGO) test $(TESTS)

# What root has tested is tested again without privileges.
test-as-ordinary-user: build
	@if [ "$$(id -u)" -eq 0 ]; then set -x; \
	$(CARGO) --config 'target."cfg(unix)".runner = ["sh", "$(CURDIR)/tests/as-ordinary-user", "$(abspath $(RELEASE))"]' \
		test $(TESTS) $(addprefix --test ,$(BEHAVIOUR)); fi

# Ratios against the installed util-linux, as root, in private namespaces.
bench: build
	$(CARGO) run --quiet --release $(TESTS) --bin bench

install: build
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1" \
		"$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
		"$(DESTDIR)$(PREFIX)/share/zsh/site-functions" \
		"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	for tool in $(TOOLS); do \
		install -m 755 "$(RELEASE)/$$tool" "$(DESTDIR)$(PREFIX)/bin/" && \
		install -m 644 "docs/man/$$tool.1" "$(DESTDIR)$(PREFIX)/share/man/man1/" && \
		install -m 644 "docs/completions/bash/$$tool" "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/" && \
		install -m 644 "docs/completions/zsh/_$$tool" "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/" && \
		install -m 644 "docs/completions/fish/$$tool.fish" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/" || exit 1; \
	done

uninstall:
	for tool in $(TOOLS); do \
		rm -f "$(DESTDIR)$(PREFIX)/bin/$$tool" "$(DESTDIR)$(PREFIX)/share/man/man1/$$tool.1" \
			"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$tool" \
			"$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$tool" \
			"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$tool.fish"; \
	done
