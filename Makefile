# SPDX-License-Identifier: MIT OR Apache-2.0
# make && sudo make install [PREFIX=/usr/local] [DESTDIR=…]: smc_run, smcctl and the library,
# with man pages and completions. (cargo builds; scripts/package makes packages.)
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
# smc_run looks in PREFIX/lib, PREFIX/lib/*, PREFIX/lib64, and in smc-shim in each of them.
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
RELEASE = $(or $(CARGO_TARGET_DIR),target)/release

build:
	cargo build --locked --release -p smc-shim -p smcctl

# Builds nothing: cargo is not for root.
install:
	@test -x $(RELEASE)/smcctl || { echo 'make install: $(RELEASE)/smcctl is missing: make' >&2; exit 1; }
	install -D -m 755 smc_run $(DESTDIR)$(BINDIR)/smc_run
	install -D -m 755 $(RELEASE)/smcctl $(DESTDIR)$(BINDIR)/smcctl
	install -D -m 644 $(RELEASE)/libsmc_shim.so $(DESTDIR)$(LIBDIR)/libsmc_shim.so
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man1 docs/smc_run.1
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man8 docs/smcctl.8
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	$(RELEASE)/smcctl completions bash > $(DESTDIR)$(BASHDIR)/smcctl
	$(RELEASE)/smcctl completions zsh > $(DESTDIR)$(ZSHDIR)/_smcctl
	$(RELEASE)/smcctl completions fish > $(DESTDIR)$(FISHDIR)/smcctl.fish

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/smc_run $(DESTDIR)$(BINDIR)/smcctl $(DESTDIR)$(LIBDIR)/libsmc_shim.so \
		$(DESTDIR)$(MANDIR)/man1/smc_run.1 $(DESTDIR)$(MANDIR)/man8/smcctl.8 \
		$(DESTDIR)$(BASHDIR)/smcctl $(DESTDIR)$(ZSHDIR)/_smcctl $(DESTDIR)$(FISHDIR)/smcctl.fish

.PHONY: build install uninstall
