# SPDX-License-Identifier: MIT OR Apache-2.0
#
# install, uninstall, dist, deb, rpm. Packages are built from a copy of the tree below $(BUILD), so neither the tree nor
# its parent directory is written to; what is built goes to $(DISTDIR).

DISTDIR      ?= dist
pkgdatadir   ?= $(datarootdir)/compatmalloc
pkgconfigdir ?= $(libdir)/pkgconfig
systemddir   ?= $(prefix)/lib/systemd
bashcompdir  ?= $(datarootdir)/bash-completion/completions
zshcompdir   ?= $(datarootdir)/zsh/site-functions
# Beside the library whatever the architecture calls its own directory, since packages of two architectures share it.
apparmordir  ?= $(sysconfdir)/apparmor.d/abstractions
helperdir    ?= $(exec_prefix)/lib/compatmalloc
catalogdir   ?= $(prefix)/lib/systemd/catalog

INSTALL_PROGRAM ?= $(INSTALL) -m 755
INSTALL_DATA    ?= $(INSTALL) -m 644

MAN_PAGES := $(sort $(wildcard docs/man/*.[1-8]))
DOCS      := README.md $(sort $(wildcard docs/*.md))
UNITS     := $(sort $(wildcard systemd/*.service systemd/*.timer))
# What is read by other programs, as it lies in the tree.
DATA      := $(sort $(shell find ansible monitoring -type f 2>/dev/null))
man-dir    = $(mandir)/man$(subst .,,$(suffix $(1)))

define PKG_CONFIG_FILE
prefix=$(prefix)
includedir=$(includedir)
libdir=$(libdir)

Name: compatmalloc
Description: Hardened memory allocator: statistics and heap checks from inside a program
Version: $(VERSION)
Cflags: -I$${includedir}
Libs: -L$${libdir} -lcompatmalloc
endef

.PHONY: install uninstall dist deb rpm

# The library is renamed into place, so that a process being started never maps half of it; an administrator's settings
# outlive a second installation.
install: all
	$(INSTALL) -d '$(DESTDIR)$(libdir)' '$(DESTDIR)$(pkgconfigdir)' '$(DESTDIR)$(includedir)' '$(DESTDIR)$(sbindir)' \
	    '$(DESTDIR)$(sysconfdir)' '$(DESTDIR)$(helperdir)' '$(DESTDIR)$(apparmordir)' '$(DESTDIR)$(pkgdatadir)' '$(DESTDIR)$(catalogdir)' '$(DESTDIR)$(docdir)' $(foreach m,$(MAN_PAGES),'$(DESTDIR)$(call man-dir,$(m))')
	$(INSTALL_PROGRAM) $(LIB) '$(DESTDIR)$(libdir)/.$(notdir $(LIB)).new'
	mv -f '$(DESTDIR)$(libdir)/.$(notdir $(LIB)).new' '$(DESTDIR)$(libdir)/$(notdir $(LIB))'
	ln -sf $(notdir $(LIB)) '$(DESTDIR)$(libdir)/$(notdir $(LIBLINK))'
	$(file >$(BUILD)/compatmalloc.pc,$(PKG_CONFIG_FILE))
	$(INSTALL_DATA) $(BUILD)/compatmalloc.pc '$(DESTDIR)$(pkgconfigdir)/compatmalloc.pc'
	$(INSTALL_DATA) include/compatmalloc.h '$(DESTDIR)$(includedir)/compatmalloc.h'
	$(INSTALL_PROGRAM) $(CTL) '$(DESTDIR)$(sbindir)/compatmallocctl'
	$(INSTALL_PROGRAM) scripts/forget-preload '$(DESTDIR)$(helperdir)/forget-preload'
	$(INSTALL_DATA) systemd/compatmalloc.conf '$(DESTDIR)$(pkgdatadir)/compatmalloc.conf'
	$(INSTALL_DATA) apparmor/compatmalloc '$(DESTDIR)$(apparmordir)/compatmalloc'
	$(INSTALL_DATA) systemd/compatmalloc.catalog '$(DESTDIR)$(catalogdir)/compatmalloc.catalog'
	test -e '$(DESTDIR)$(sysconfdir)/compatmalloc.conf' || \
	    $(INSTALL_DATA) etc/compatmalloc.conf '$(DESTDIR)$(sysconfdir)/compatmalloc.conf'
	$(INSTALL) -d '$(DESTDIR)$(systemddir)/system/sysinit.target.wants' '$(DESTDIR)$(systemddir)/system-generators' \
	    '$(DESTDIR)$(bashcompdir)' '$(DESTDIR)$(zshcompdir)' $(foreach d,$(sort $(dir $(DATA))),'$(DESTDIR)$(pkgdatadir)/$(d)')
	for unit in $(notdir $(UNITS)); do \
	    sed 's,@sbindir@,$(sbindir),' "systemd/$$unit" >'$(BUILD)/unit' && \
	    $(INSTALL_DATA) '$(BUILD)/unit' '$(DESTDIR)$(systemddir)/system/'"$$unit" || exit 1; \
	done
	ln -sf ../compatmalloc-preload.service '$(DESTDIR)$(systemddir)/system/sysinit.target.wants/compatmalloc-preload.service'
	$(INSTALL_PROGRAM) systemd/compatmalloc-generator '$(DESTDIR)$(systemddir)/system-generators/compatmalloc-generator'
	$(INSTALL_DATA) src/ctl/completion/compatmallocctl '$(DESTDIR)$(bashcompdir)/compatmallocctl'
	$(INSTALL_DATA) src/ctl/completion/_compatmallocctl '$(DESTDIR)$(zshcompdir)/_compatmallocctl'
	$(foreach f,$(DATA),$(INSTALL_DATA) '$(f)' '$(DESTDIR)$(pkgdatadir)/$(f)' &&) true
	$(foreach m,$(MAN_PAGES),$(INSTALL_DATA) $(m) '$(DESTDIR)$(call man-dir,$(m))/$(notdir $(m))' &&) true
	$(INSTALL_DATA) $(DOCS) '$(DESTDIR)$(docdir)'

# Not one program may be started between the library's end and the preload file's.
uninstall:
	test -n '$(DESTDIR)' || test ! -x '$(sbindir)/compatmallocctl' || '$(sbindir)/compatmallocctl' system disable
	scripts/forget-preload '$(DESTDIR)/etc/ld.so.preload'
	rm -f '$(DESTDIR)$(libdir)/$(notdir $(LIB))' '$(DESTDIR)$(libdir)/$(notdir $(LIBLINK))' \
	    '$(DESTDIR)$(pkgconfigdir)/compatmalloc.pc' '$(DESTDIR)$(includedir)/compatmalloc.h' \
	    '$(DESTDIR)$(sbindir)/compatmallocctl' '$(DESTDIR)$(apparmordir)/compatmalloc' '$(DESTDIR)$(catalogdir)/compatmalloc.catalog' \
	    $(foreach m,$(MAN_PAGES),'$(DESTDIR)$(call man-dir,$(m))/$(notdir $(m))')
	rm -f $(foreach u,$(notdir $(UNITS)),'$(DESTDIR)$(systemddir)/system/$(u)') \
	    '$(DESTDIR)$(systemddir)/system/sysinit.target.wants/compatmalloc-preload.service' \
	    '$(DESTDIR)$(systemddir)/system-generators/compatmalloc-generator' \
	    '$(DESTDIR)$(bashcompdir)/compatmallocctl' '$(DESTDIR)$(zshcompdir)/_compatmallocctl'
	rm -rf '$(DESTDIR)$(helperdir)' '$(DESTDIR)$(pkgdatadir)' '$(DESTDIR)$(docdir)'
	cmp -s etc/compatmalloc.conf '$(DESTDIR)$(sysconfdir)/compatmalloc.conf' && \
	    rm -f '$(DESTDIR)$(sysconfdir)/compatmalloc.conf' || true

# --- source archive -------------------------------------------------------------------------------------------------
DIST_NAME := compatmalloc-$(VERSION)
DIST_TAR  := $(DISTDIR)/$(DIST_NAME).tar.gz

# The same tree gives the same bytes: names sorted, owners and times fixed. Without git (an unpacked archive, or a tree
# that belongs to somebody else) everything but the outputs counts as source.
LIST_SOURCES := { { [ -e .git ] && git ls-files -z --cached --others --exclude-standard 2>/dev/null; } || \
                  find . \( -path ./.git -o -path ./build -o -path ./dist \) -prune -o \( -type f -o -type l \) -printf '%P\0'; }
# git also lists what was deleted and not yet committed.
ONLY_EXISTING := xargs -0 sh -c 'for f; do if [ -e "$$f" ]; then printf "%s\0" "$$f"; fi; done' sh
RELEASE_DATE   = $(shell sed -n 's/^ -- .*>  //p' debian/changelog | head -n 1)

dist:
	@mkdir -p $(DISTDIR)
	$(Q)$(LIST_SOURCES) | LC_ALL=C sort -zu | $(ONLY_EXISTING) | \
	    tar --create --use-compress-program='gzip -9n' --file=$(DIST_TAR).new --null --no-recursion --files-from=- \
	        --transform='flags=r;s,^,$(DIST_NAME)/,' --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw --mtime='$(RELEASE_DATE)'
	$(Q)mv -f $(DIST_TAR).new $(DIST_TAR)
	@echo "$(DIST_TAR)"

# --- Debian ---------------------------------------------------------------------------------------------------------
# DEB_BUILD_OPTIONS=nocheck leaves out the tests, and the need for what only they use.
# The package's own build must not inherit this make's command line (BUILD=, CC=, FEATURES=).
WITHOUT_MAKE := env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL

NOCHECK := $(filter nocheck,$(DEB_BUILD_OPTIONS))

deb: dist
	@command -v dpkg-buildpackage >/dev/null && command -v dh >/dev/null || { \
	    echo "make deb needs dpkg-dev and debhelper: scripts/install-dependencies build" >&2; exit 1; }
	$(Q)rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb
	$(Q)tar -xzf $(DIST_TAR) -C $(BUILD)/deb
	$(Q)cd $(BUILD)/deb/$(DIST_NAME) && $(WITHOUT_MAKE) DEB_BUILD_OPTIONS='$(strip $(DEB_BUILD_OPTIONS))' \
	    dpkg-buildpackage --build=binary --no-sign $(if $(NOCHECK),--build-profiles=nocheck)
	$(Q)rm -f $(DISTDIR)/*compatmalloc*.deb $(DISTDIR)/compatmalloc_*.changes $(DISTDIR)/compatmalloc_*.buildinfo
	$(Q)mv $(BUILD)/deb/*.deb $(BUILD)/deb/*.changes $(BUILD)/deb/*.buildinfo $(DISTDIR)/
	$(Q)rm -rf $(BUILD)/deb
	@ls $(DISTDIR)/*.deb

# --- RPM ------------------------------------------------------------------------------------------------------------
# On a Debian machine the RPM database is empty, so what is needed to build cannot be looked up in it.
rpm: dist
	@command -v rpmbuild >/dev/null || { echo "make rpm needs rpmbuild: scripts/install-dependencies build" >&2; exit 1; }
	$(Q)rm -rf $(BUILD)/rpm && mkdir -p $(BUILD)/rpm/SOURCES
	$(Q)cp $(DIST_TAR) $(BUILD)/rpm/SOURCES/
	$(Q)$(WITHOUT_MAKE) rpmbuild -bb $(if $(wildcard /etc/debian_version),--nodeps) $(if $(NOCHECK),--nocheck) \
	    $(RPMBUILD_OPTIONS) --define '_topdir $(abspath $(BUILD))/rpm' rpm/compatmalloc.spec
	$(Q)rm -f $(DISTDIR)/compatmalloc-*.rpm
	$(Q)mv $(BUILD)/rpm/RPMS/*/*.rpm $(DISTDIR)/
	$(Q)rm -rf $(BUILD)/rpm
	@ls $(DISTDIR)/*.rpm

# --- releases -------------------------------------------------------------------------------------------------------
# PREVIOUS= names the library of the last release. abidiff's 8 is a change that programs would notice; additions are not.
.PHONY: abi-check release-check
abi-check: $(LIB)
	@[ -e '$(PREVIOUS)' ] || { echo "make abi-check PREVIOUS=FILE: name the last release's libcompatmalloc.so.1" >&2; exit 1; }
	@command -v abidiff >/dev/null || { echo "make abi-check needs abidiff: apt-get install abigail-tools" >&2; exit 1; }
	@status=0; abidiff '$(PREVIOUS)' $(LIB) || status=$$?; [ $$((status & 11)) -eq 0 ] || { \
	    echo "abi-check: programs linked with $(PREVIOUS) would not run with $(LIB)" >&2; exit 1; }
	@echo "abi-check: what runs with $(PREVIOUS) runs with $(LIB)"

release-check:
	@[ -z "$$(git status --porcelain)" ] || { echo "release-check: commit or remove what 'git status' shows" >&2; exit 1; }
	$(if $(PREVIOUS),$(MAKE) abi-check PREVIOUS='$(PREVIOUS)')
	$(MAKE) format-check lint
	$(MAKE) $(ALL_PROCESSORS) all test-programs feature-builds
	$(MAKE) check
	$(MAKE) dist

# --- packages for the tests -----------------------------------------------------------------------------------------
# Built again only when something that goes into them has changed; without their own test run, since they are tested.
PACKAGE_INPUTS := Makefile packaging.mk README.md CHANGELOG.md \
                  $(shell find src include etc systemd apparmor debian rpm docs ansible monitoring -type f 2>/dev/null)

.PHONY: packages-for-tests-deb packages-for-tests-rpm
packages-for-tests-deb packages-for-tests-rpm: packages-for-tests-%: $(BUILD)/packages/%/built
$(BUILD)/packages/%/built: $(PACKAGE_INPUTS)
	$(Q)DEB_BUILD_OPTIONS="$(DEB_BUILD_OPTIONS) nocheck" $(MAKE) $* DISTDIR='$(@D)'
	$(Q)touch $@
