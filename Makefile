# SPDX-License-Identifier: MIT OR Apache-2.0
#
# make                      release build: library and tool in build/release/
# make PROFILE=debug        or hardened: the same in build/debug/, build/hardened/
# make FEATURES="a b"       only those features; FEATURES= compiles none; the default is FEATURES=hardened, all seven
# make CROSS=aarch64-linux-gnu
# make check | lint | format-check | deb | rpm | bench | install | dist
# V=1 shows the commands.

VERSION  := 0.1.0
SOMAJOR  := 1
PROFILE  ?= release
FEATURES ?= hardened
BUILD    ?= build/$(PROFILE)

prefix      ?= /usr/local
exec_prefix ?= $(prefix)
bindir      ?= $(exec_prefix)/bin
sbindir     ?= $(exec_prefix)/sbin
libdir      ?= $(exec_prefix)/lib
includedir  ?= $(prefix)/include
datarootdir ?= $(prefix)/share
mandir      ?= $(datarootdir)/man
docdir      ?= $(datarootdir)/doc/compatmalloc
sysconfdir  ?= /etc
INSTALL     ?= install
PKG_CONFIG  ?= pkg-config

ifdef CROSS
CC     := $(CROSS)-gcc
AR     := $(CROSS)-gcc-ar
# Never the build machine's libraries.
PKG_CONFIG := PKG_CONFIG_LIBDIR=/usr/lib/$(CROSS)/pkgconfig pkg-config
# The path: where libc is also there as a package of the other architecture, the linker of one must not find the libc of the
# other.
# A processor without memory tags, which would find much of what is tested in other ways; tests/arm64/tags.bats has one with them.
RUNNER ?= qemu-$(firstword $(subst -, ,$(CROSS))) -cpu neoverse-n1 -L /usr/$(CROSS) -E LD_LIBRARY_PATH=/usr/$(CROSS)/lib
endif
CXX ?= $(CC:gcc=g++)

# --- features: names to a constant ------------------------------------------------------------------------------
FEATURE_LIST := quarantine guard-pages slot-randomization canaries poison-on-free write-after-free-check zero-on-free
FEATURE_BITS := 1 2 4 8 16 32 64
feature-bit   = $(word $(words $(call up-to,$(1),$(FEATURE_LIST))),$(FEATURE_BITS))
up-to         = $(if $(filter $(1),$(firstword $(2))),$(firstword $(2)),$(firstword $(2)) $(call up-to,$(1),$(wordlist 2,99,$(2))))
comma        := ,
# Packagers write lists with commas as often as with blanks; both are understood.
FEATURE_SET  := $(sort $(subst hardened,$(FEATURE_LIST),$(subst $(comma), ,$(FEATURES))))
UNKNOWN_FEATURES := $(filter-out $(FEATURE_LIST),$(FEATURE_SET))
ifneq ($(UNKNOWN_FEATURES),)
$(error FEATURES: no such feature: $(UNKNOWN_FEATURES). Choose from: $(FEATURE_LIST), or hardened for all of them)
endif
FEATURE_MASK := $(shell echo $$((0 $(foreach f,$(FEATURE_SET),+ $(call feature-bit,$(f))))))

# --- flags --------------------------------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wold-style-definition -Wpointer-arith -Wcast-qual -Wundef -Wvla -Wformat=2 -Wwrite-strings \
            -Wimplicit-fallthrough -Wdouble-promotion

CFLAGS_release  := -O2 -flto=auto -fno-semantic-interposition
CFLAGS_debug    := -Og -g3 -DINTERNAL_ASSERTIONS=1 -fno-omit-frame-pointer -DFRAME_POINTERS=1
CFLAGS_hardened := -O2 -g1 -fsanitize=signed-integer-overflow,bounds,shift -fsanitize-undefined-trap-on-error
LDFLAGS_release := -flto=auto
IS_CLANG := $(shell $(CC) --version 2>/dev/null | grep -c clang)
ifneq ($(IS_CLANG),0)
CFLAGS_release  := -O2 -flto=thin -fno-semantic-interposition
CFLAGS_hardened := -O2 -g1 -fsanitize=signed-integer-overflow,bounds,shift -fsanitize-trap=all
LDFLAGS_release := -flto=thin -fuse-ld=lld
endif
ifeq ($(filter $(PROFILE),release debug hardened),)
$(error PROFILE must be release, debug or hardened, not '$(PROFILE)')
endif

CFLAGS  ?= $(CFLAGS_$(PROFILE))
LDFLAGS ?= $(LDFLAGS_$(PROFILE))
BASE_CPPFLAGS := -D_GNU_SOURCE -DFEATURES_COMPILED=$(FEATURE_MASK)u -Iinclude -Isrc/config
BASE_CFLAGS   := -std=gnu17 $(WARNINGS) $(if $(WERROR),-Werror)
# The library must not call malloc by accident, must not have its own calls turned into others (calloc from
# malloc + memset), and reaches its thread's data by one load. Vectors are only ever passed to inlined functions, so how
# an ABI would pass them (-Wpsabi) does not matter.
LIB_CFLAGS    := $(BASE_CFLAGS) -fPIC -fvisibility=hidden -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-free \
                 -ftls-model=initial-exec -fno-plt -fno-asynchronous-unwind-tables -Wno-psabi
# Chosen at start where the CPU has it, so the library itself runs on any x86-64. Tuned for no processor in particular, gcc 12
# keeps pointers in AVX-512's registers, from where they come too late.
AVX2_CFLAGS   := -mavx2 -mbmi2
AVX512_CFLAGS := -mavx512f -mavx512vl -mbmi2 -mtune=haswell
# Every process pays for each mapping of the library, so code and read-only data share one (noseparate-code); and for each
# name that the dynamic linker looks up. So the compiler's start files stay out, with their four that nobody has and
# nothing that is needed here; and of the library's own only those are looked up that a program may have in their place
# (preemptible.list). Code that most processes do without stands behind all that they need (layout.ld).
LIB_LDFLAGS   := -shared -Wl,-soname,libcompatmalloc.so.$(SOMAJOR) -Wl,--version-script=src/malloc/exports.map \
                 -Wl,-z,relro -Wl,-z,now -Wl,-z,nodelete -Wl,-z,noexecstack -Wl,-z,defs -Wl,--hash-style=gnu \
                 -Wl,-z,noseparate-code -Wl,--sort-section=alignment -nostartfiles -Wl,-init=start_at_load \
                 -Wl,-fini=integrity_at_exit -Wl,--dynamic-list=src/malloc/preemptible.list -Wl,-T,src/malloc/layout.ld

LIB     := $(BUILD)/libcompatmalloc.so.$(SOMAJOR)
LIBLINK := $(BUILD)/libcompatmalloc.so
CTL     := $(BUILD)/compatmallocctl

ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
LIB_SOURCES := $(sort $(wildcard src/malloc/*.c src/config/*.c))
ifneq ($(ARCH),x86_64)
LIB_SOURCES := $(filter-out %_avx2.c %_avx512.c,$(LIB_SOURCES))
endif
ifneq ($(ARCH),aarch64)
LIB_SOURCES := $(filter-out %_tagged.c,$(LIB_SOURCES))
endif
LIB_OBJECTS := $(LIB_SOURCES:src/%.c=$(BUILD)/obj/%.o)

include src/ctl/ctl.mk

Q := $(if $(V),,@)
# For a make within a recipe, unless whoever called this one has said how many jobs there shall be.
ALL_PROCESSORS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
.DELETE_ON_ERROR:
.PHONY: all FORCE
all: $(LIB) $(LIBLINK) $(CTL)

# Objects depend on the flags they were built with, so a change of FEATURES or CC never mixes two builds.
FLAGS_NOW := $(CC) $(SYSTEMD_CFLAGS) $(BASE_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LIB_CFLAGS) $(LIB_LDFLAGS) \
             $(AVX2_CFLAGS) $(AVX512_CFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_NOW)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_NOW)' > $@

$(BUILD)/obj/malloc/%_avx2.o: LIB_OR_TOOL += $(AVX2_CFLAGS)
$(BUILD)/obj/malloc/%_avx512.o: LIB_OR_TOOL += $(AVX512_CFLAGS)
# These define what the compiler knows as builtins, and must not be compiled into calls of themselves.
$(BUILD)/obj/malloc/copies.o: OWN_CFLAGS := -fno-builtin -fno-lto
# Calls what the dynamic linker finds; link-time optimization would find ours.
$(BUILD)/obj/malloc/reallocarray.o: OWN_CFLAGS := -fno-lto
# std::bad_alloc may pass through; and what operators.c has in assembly language is not for
# link-time optimization.
$(BUILD)/obj/malloc/cold.o $(BUILD)/obj/malloc/paths.o $(BUILD)/obj/malloc/paths_%.o: OWN_CFLAGS := -fexceptions
$(BUILD)/obj/malloc/operators.o: OWN_CFLAGS := -fexceptions -fasynchronous-unwind-tables -fno-lto
$(BUILD)/obj/malloc/%.o $(BUILD)/obj/config/%.o: LIB_OR_TOOL := $(LIB_CFLAGS) -Isrc/malloc
$(BUILD)/obj/ctl/%.o $(BUILD)/obj/ctl-config/%.o: LIB_OR_TOOL := $(BASE_CFLAGS) -fPIE -Isrc/ctl -Isrc/malloc $(SYSTEMD_CFLAGS)
$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC      $<')
	$(Q)$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(LIB_OR_TOOL) $(CFLAGS) $(OWN_CFLAGS) $(EXTRA_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/obj/ctl-config/%.o: src/config/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC      $< (tool)')
	$(Q)$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(LIB_OR_TOOL) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJECTS) src/malloc/exports.map src/malloc/preemptible.list src/malloc/layout.ld
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC) $(LIB_CFLAGS) $(CFLAGS) $(LDFLAGS) $(LIB_LDFLAGS) -o $@ $(LIB_OBJECTS)
$(LIBLINK): $(LIB)
	$(Q)ln -sf $(<F) $@
$(CTL): $(CTL_OBJECTS)
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fPIE -pie -Wl,-z,relro -Wl,-z,now -o $@ $(CTL_OBJECTS) $(CTL_LIBS)

-include $(LIB_OBJECTS:.o=.d) $(CTL_OBJECTS:.o=.d)

# --- the other rooms ----------------------------------------------------------------------------------------------
include src/passthrough/passthrough.mk
include tests/tests.mk
include bench/bench.mk
include packaging.mk

.PHONY: lint format format-check clean
C_FILES := $(sort $(shell find src include tests bench -name '*.[ch]' -o -name '*.cc' 2>/dev/null))
format:
	clang-format -i $(C_FILES)
format-check:
	@clang-format --dry-run -Werror $(C_FILES)
	@echo "format-check: $(words $(C_FILES)) files formatted as .clang-format says"

clean:
	rm -rf build dist
