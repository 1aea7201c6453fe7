# SPDX-License-Identifier: MIT OR Apache-2.0
#
# install, uninstall, dist, deb, rpm. Packages are built from a copy of the tree below $(BUILD), so neither the tree nor
# its parent directory is written to; what is built goes to $(DISTDIR).

DISTDIR      ?= dist
pkgdatadir   ?= $(datarootdir)/compatmalloc
pkgconfigdir ?= $(libdir)/pkgconfig
catalogdir   ?= $(prefix)/lib/systemd/catalog

INSTALL_PROGRAM ?= $(INSTALL) -m 755
INSTALL_DATA    ?= $(INSTALL) -m 644

MAN_PAGES := $(sort $(wildcard docs/man/*.[1-8]))
DOCS      := README.md $(sort $(wildcard docs/*.md))
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
	    '$(DESTDIR)$(sysconfdir)' '$(DESTDIR)$(pkgdatadir)' '$(DESTDIR)$(catalogdir)' '$(DESTDIR)$(docdir)' $(foreach m,$(MAN_PAGES),'$(DESTDIR)$(call man-dir,$(m))')
	$(INSTALL_PROGRAM) $(LIB) '$(DESTDIR)$(libdir)/.$(notdir $(LIB)).new'
	mv -f '$(DESTDIR)$(libdir)/.$(notdir $(LIB)).new' '$(DESTDIR)$(libdir)/$(notdir $(LIB))'
	ln -sf $(notdir $(LIB)) '$(DESTDIR)$(libdir)/$(notdir $(LIBLINK))'
	$(file >$(BUILD)/compatmalloc.pc,$(PKG_CONFIG_FILE))
	$(INSTALL_DATA) $(BUILD)/compatmalloc.pc '$(DESTDIR)$(pkgconfigdir)/compatmalloc.pc'
	$(INSTALL_DATA) include/compatmalloc.h '$(DESTDIR)$(includedir)/compatmalloc.h'
	$(INSTALL_PROGRAM) $(CTL) '$(DESTDIR)$(sbindir)/compatmallocctl'
	$(INSTALL_DATA) systemd/compatmalloc.conf '$(DESTDIR)$(pkgdatadir)/compatmalloc.conf'
	$(INSTALL_DATA) systemd/compatmalloc.catalog '$(DESTDIR)$(catalogdir)/compatmalloc.catalog'
	test -e '$(DESTDIR)$(sysconfdir)/compatmalloc.conf' || \
	    $(INSTALL_DATA) etc/compatmalloc.conf '$(DESTDIR)$(sysconfdir)/compatmalloc.conf'
	$(foreach m,$(MAN_PAGES),$(INSTALL_DATA) $(m) '$(DESTDIR)$(call man-dir,$(m))/$(notdir $(m))' &&) true
	$(INSTALL_DATA) $(DOCS) '$(DESTDIR)$(docdir)'

uninstall:
	rm -f '$(DESTDIR)$(libdir)/$(notdir $(LIB))' '$(DESTDIR)$(libdir)/$(notdir $(LIBLINK))' \
	    '$(DESTDIR)$(pkgconfigdir)/compatmalloc.pc' '$(DESTDIR)$(includedir)/compatmalloc.h' \
	    '$(DESTDIR)$(sbindir)/compatmallocctl' '$(DESTDIR)$(catalogdir)/compatmalloc.catalog' \
	    $(foreach m,$(MAN_PAGES),'$(DESTDIR)$(call man-dir,$(m))/$(notdir $(m))')
	rm -rf '$(DESTDIR)$(pkgdatadir)' '$(DESTDIR)$(docdir)'
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
	    --define '_topdir $(abspath $(BUILD))/rpm' rpm/compatmalloc.spec
	$(Q)rm -f $(DISTDIR)/compatmalloc-*.rpm
	$(Q)mv $(BUILD)/rpm/RPMS/*/*.rpm $(DISTDIR)/
	$(Q)rm -rf $(BUILD)/rpm
	@ls $(DISTDIR)/*.rpm

# --- packages for the tests -----------------------------------------------------------------------------------------
# Built again only when something that goes into them has changed; without their own test run, since they are tested.
PACKAGE_INPUTS := Makefile packaging.mk README.md CHANGELOG.md \
                  $(shell find src include etc systemd debian rpm docs -type f 2>/dev/null)

.PHONY: packages-for-tests-deb packages-for-tests-rpm
packages-for-tests-deb packages-for-tests-rpm: packages-for-tests-%: $(BUILD)/packages/%/built
$(BUILD)/packages/%/built: $(PACKAGE_INPUTS)
	$(Q)DEB_BUILD_OPTIONS="$(DEB_BUILD_OPTIONS) nocheck" $(MAKE) $* DISTDIR='$(@D)'
	$(Q)touch $@
