# SPDX-License-Identifier: MIT OR Apache-2.0
#
# make check                every test
# make check-unit           the whole allocator interface, from C
# make check-detect         small programs with one misuse each, and their correct twins; techniques of exploitation
# make check-features       each feature's effect, with the feature compiled in, compiled out and switched off
# make check-features-all   builds every one of the 128 feature sets; slow, and not part of check
# make check-cost           instructions of malloc and free, against docs/performance.md
# make check-compat         ordinary programs, with and without the library
# make check-settings       configuration files, environments and privileges; what reports say and what a program survives
# make check-compat-all     nearly 120 of Debian's services and programs in a booted container; not part of check
# make check-others         the test suites of other projects, or of OTHERS="glibc perl"; takes hours, not part of check
# make soak                 redis, nginx and PostgreSQL under load for SOAK_SECONDS, an hour; not part of check
# make check-boot           services in a booted container
# make check-package        the packages
# make check-walls          limits, failing system calls and other places where allocators fall over;
#                           WALLS=full for hours of them, WALLS_MACHINE=yes for vm.overcommit_memory=2 as well, if root may
# make check-proofs         the arithmetic for every size and offset, and models of what threads do to each other
# make check-fuzz           a minute of make fuzz (tests/fuzz/fuzz.mk)
# make check-tsan           ThreadSanitizer on programs with threads (tests/tsan/tsan.mk)
# make check-arm64          the library for aarch64 under qemu-user: unit, detect, and pages and address spaces of several sizes,
#                           memory tags; half an hour, not part of check
# make test-programs        builds what the suites run
#
# With CROSS=aarch64-linux-gnu, check-unit and check-detect run under qemu-user. The unit tests then need cmocka for that
# architecture: scripts/install-dependencies arm64

SUITES := unit detect features cost compat settings walls proofs fuzz tsan $(if $(wildcard tests/ctl/*.bats),ctl) package boot

TEST_DIR := $(BUILD)/tests

# -fno-builtin: a compiler that knows malloc may remove the very calls that are tested. -O1 without fortification: what a
# program does to its heap must reach the heap.
TEST_CPPFLAGS := -D_GNU_SOURCE -Iinclude -Itests/lib
TEST_CFLAGS   := -std=gnu17 $(WARNINGS) $(if $(WERROR),-Werror) -O1 -g -fno-builtin -U_FORTIFY_SOURCE -pthread
TEST_LDFLAGS  := -pthread -rdynamic -ldl

# The C++ compiler that goes with CC, unless another is named: make's own default knows nothing of CC. clang 14 uses sized
# deallocation only when told to.
TEST_CXX      := $(if $(filter command environment,$(firstword $(origin CXX))),$(CXX),$(patsubst cc,c++,$(subst gcc,g++,$(subst clang,clang++,$(CC)))))
TEST_CXXFLAGS := -std=gnu++17 -fsized-deallocation \
                 $(filter-out -std=gnu17 -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition,$(TEST_CFLAGS))

# --- unit ---------------------------------------------------------------------------------------------------------
UNIT_SOURCES   := $(sort $(wildcard tests/unit/test_*.c))
UNIT_PROGRAMS  := $(UNIT_SOURCES:tests/unit/%.c=$(TEST_DIR)/unit/%)
# Libraries that unit tests load or preload.
UNIT_LIBRARIES := $(patsubst tests/unit/%.c,$(TEST_DIR)/unit/%.so,$(sort $(wildcard tests/unit/lib*.c)))

# Most tests see the library as any program does, preloaded. Those that look inside name the objects that they link in
# a comment: links: directory/object.o ...
unit-links = $(addprefix $(BUILD)/obj/,$(shell awk '/^\/\* links:/ { on = 1 } { last = /\*\// } on { gsub(/^\/\* links:|^ *\*\/|\*\/|^ \*/, ""); print } last { exit }' tests/unit/$(1).c))

# --- detect, exploits, features ---------------------------------------------------------------------------------------------
# The cases in C++ are left out, and skipped, where CROSS has no compiler for it.
DETECT_SOURCES   := $(sort $(wildcard tests/detect/*.c tests/case-studies/*.c) \
                           $(if $(shell command -v $(TEST_CXX)),$(wildcard tests/detect/*.cc)))
DETECT_PROGRAMS  := $(basename $(DETECT_SOURCES:tests/%=$(TEST_DIR)/%))
EXPLOIT_PROGRAMS := $(patsubst tests/exploits/%.c,$(TEST_DIR)/exploits/%,$(sort $(wildcard tests/exploits/*.c)))
FEATURE_PROGRAMS := $(patsubst tests/features/%.c,$(TEST_DIR)/features/%,$(sort $(wildcard tests/features/*.c)))
WALL_PROGRAMS    := $(patsubst tests/walls/%.c,$(TEST_DIR)/walls/%,$(sort $(filter-out tests/walls/lib%,$(wildcard tests/walls/*.c))))
SETTINGS_PROGRAMS := $(basename $(patsubst tests/settings/%,$(TEST_DIR)/settings/%,$(sort $(filter-out tests/settings/lib%,$(wildcard tests/settings/*.c)) \
                                $(if $(shell command -v $(TEST_CXX)),$(wildcard tests/settings/*.cc)))))
SETTINGS_LIBRARIES := $(patsubst tests/settings/%.c,$(TEST_DIR)/settings/%.so,$(sort $(wildcard tests/settings/lib*.c)))
WALL_LIBRARIES   := $(patsubst tests/walls/%.c,$(TEST_DIR)/walls/%.so,$(sort $(wildcard tests/walls/lib*.c)))

COST_PROGRAM := $(TEST_DIR)/cost/pairs

# Looks inside, as no program can from outside: linked with the library's objects.
PROOF_PROGRAM := $(TEST_DIR)/proofs/classes
# The same with the vectors that the library's fast paths are compiled for.
PROOF_WIDE    := $(if $(filter x86_64,$(ARCH)),$(PROOF_PROGRAM)-avx2 $(PROOF_PROGRAM)-avx512)

# The feature sets that are observed: all, none, each feature alone, and all but each.
FEATURE_BUILDS := all none $(FEATURE_LIST:%=only-%) $(FEATURE_LIST:%=without-%)
features-of-all     := $(FEATURE_LIST)
features-of-none    :=
$(foreach f,$(FEATURE_LIST),$(eval features-of-only-$(f) := $(f)))
$(foreach f,$(FEATURE_LIST),$(eval features-of-without-$(f) := $(filter-out $(f),$(FEATURE_LIST))))

.PHONY: feature-builds $(FEATURE_BUILDS:%=feature-build-%)
feature-builds: $(FEATURE_BUILDS:%=feature-build-%)
$(FEATURE_BUILDS:%=feature-build-%): feature-build-%:
	$(if $(V),,@echo '  LIB     features/$*')
	$(Q)$(MAKE) --no-print-directory $(if $(V),,-s) BUILD='$(BUILD)/features/$*' FEATURES='$(features-of-$*)' \
	    '$(BUILD)/features/$*/libcompatmalloc.so.$(SOMAJOR)' >/dev/null

.PHONY: test-programs proof-programs
proof-programs: $(PROOF_PROGRAM) $(PROOF_WIDE)
test-programs: $(UNIT_PROGRAMS) $(UNIT_LIBRARIES) $(DETECT_PROGRAMS) $(EXPLOIT_PROGRAMS) $(FEATURE_PROGRAMS) $(WALL_PROGRAMS) $(WALL_LIBRARIES) $(SETTINGS_PROGRAMS) $(SETTINGS_LIBRARIES) $(PROOF_PROGRAM) $(PROOF_WIDE) $(COST_PROGRAM)

define unit-link
$(TEST_DIR)/unit/$(1): TEST_OBJECTS := $(2)
$(TEST_DIR)/unit/$(1): TEST_EXTRA := -iquote src/malloc -iquote src/config $(LDFLAGS)
$(TEST_DIR)/unit/$(1): $(2)
endef
unit-link-if = $(if $(2),$(eval $(call unit-link,$(1),$(2))))
$(foreach t,$(UNIT_SOURCES:tests/unit/%.c=%),$(call unit-link-if,$(t),$(call unit-links,$(t))))

$(TEST_DIR)/unit/test_%: tests/unit/test_%.c $(BUILD)/flags tests/tests.mk
	@mkdir -p $(@D)
	$(if $(V),,@echo '  TEST    $<')
	$(Q)$(CC) $(TEST_CPPFLAGS) $(TEST_CFLAGS) $(TEST_EXTRA) -MMD -MP -o $@ $< $(TEST_OBJECTS) $(TEST_LDFLAGS) -lcmocka

$(UNIT_LIBRARIES) $(WALL_LIBRARIES) $(SETTINGS_LIBRARIES): $(TEST_DIR)/%.so: tests/%.c $(BUILD)/flags tests/tests.mk
	@mkdir -p $(@D)
	$(if $(V),,@echo '  TEST    $<')
	$(Q)$(CC) $(TEST_CPPFLAGS) $(TEST_CFLAGS) -fPIC -shared -fno-plt -Wl,-z,now -MMD -MP -o $@ $<

$(PROOF_PROGRAM)-avx2: PROOF_CFLAGS := $(AVX2_CFLAGS)
$(PROOF_PROGRAM)-avx512: PROOF_CFLAGS := $(AVX512_CFLAGS)
$(PROOF_PROGRAM) $(PROOF_WIDE): tests/proofs/classes.c $(LIB_OBJECTS) $(BUILD)/flags tests/tests.mk
	@mkdir -p $(@D)
	$(if $(V),,@echo '  TEST    $<')
	$(Q)$(CC) $(BASE_CPPFLAGS) $(TEST_CPPFLAGS) $(TEST_CFLAGS) $(PROOF_CFLAGS) -Wno-psabi -iquote src/malloc $(LDFLAGS) -MMD -MP -o $@ $< $(LIB_OBJECTS) $(TEST_LDFLAGS)

$(TEST_DIR)/%: tests/%.c $(BUILD)/flags tests/tests.mk
	@mkdir -p $(@D)
	$(if $(V),,@echo '  TEST    $<')
	$(Q)$(CC) $(TEST_CPPFLAGS) $(TEST_CFLAGS) -MMD -MP -o $@ $< $(TEST_LDFLAGS)

$(TEST_DIR)/%: tests/%.cc $(BUILD)/flags tests/tests.mk
	@mkdir -p $(@D)
	$(if $(V),,@echo '  TEST    $<')
	$(Q)$(TEST_CXX) $(TEST_CPPFLAGS) $(TEST_CXXFLAGS) -MMD -MP -o $@ $< $(TEST_LDFLAGS)

-include $(wildcard $(TEST_DIR)/*/*.d)

# --- running ------------------------------------------------------------------------------------------------------
RUN_TESTS = BUILD='$(BUILD)' LIB='$(LIB)' CC='$(CC)' CROSS='$(CROSS)' RUNNER='$(RUNNER)' MAKE='$(MAKE)' tests/run

.PHONY: check $(SUITES:%=check-%) check-ctl check-arm64 check-features-all
check: all test-programs feature-builds
	@$(RUN_TESTS) $(SUITES)

check-unit: $(LIB) $(UNIT_PROGRAMS) $(UNIT_LIBRARIES)
	@$(RUN_TESTS) unit
check-detect: $(LIB) $(DETECT_PROGRAMS) $(EXPLOIT_PROGRAMS)
	@$(RUN_TESTS) detect
check-features: $(LIB) $(FEATURE_PROGRAMS) $(UNIT_PROGRAMS) feature-builds
	@$(RUN_TESTS) features
check-cost: $(LIB) $(COST_PROGRAM) feature-builds
	@$(RUN_TESTS) cost
check-settings: all $(SETTINGS_PROGRAMS) $(SETTINGS_LIBRARIES)
	@$(RUN_TESTS) settings
check-compat: $(LIB)
	@$(RUN_TESTS) compat
check-walls: $(LIB) $(WALL_PROGRAMS) $(WALL_LIBRARIES) $(UNIT_PROGRAMS) $(UNIT_LIBRARIES)
	@$(RUN_TESTS) walls
check-proofs: $(LIB) $(PROOF_PROGRAM) $(PROOF_WIDE)
	@$(RUN_TESTS) proofs
check-ctl check-package check-boot: check-%: all
	@$(RUN_TESTS) $*

# By a make of its own, in which everything is for that architecture.
ARM64 := aarch64-linux-gnu
check-arm64:
	@for tool in $(ARM64)-gcc $(ARM64)-g++ qemu-aarch64; do command -v $$tool >/dev/null || { \
	    echo "check-arm64 needs $$tool: scripts/install-dependencies arm64" >&2; exit 1; }; done
	@[ -e /usr/lib/$(ARM64)/libcmocka.so ] || { echo "check-arm64 needs cmocka for arm64:" \
	    "scripts/install-dependencies arm64" >&2; exit 1; }
	@$(MAKE) --no-print-directory CROSS=$(ARM64) BUILD='$(BUILD)/arm64' check-emulated

.PHONY: check-emulated
check-emulated: $(LIB) $(UNIT_PROGRAMS) $(UNIT_LIBRARIES) $(DETECT_PROGRAMS) $(EXPLOIT_PROGRAMS)
	@$(RUN_TESTS) unit detect arm64

SOAK_SECONDS ?= 3600
.PHONY: check-compat-all check-others soak
check-compat-all: $(LIB)
	@BUILD='$(BUILD)' tests/compat/sweep '$(BUILD)/compat-all'
check-others: $(LIB)
	@BUILD='$(BUILD)' tests/others/run '$(BUILD)/others/results' $(OTHERS)

soak: $(LIB)
	@BUILD='$(BUILD)' tests/soak/soak '$(BUILD)/soak' '$(SOAK_SECONDS)'

# Every subset, as a number whose bits are the features. A debug build: this is about what compiles and links.
check-features-all:
	@passed=0; for mask in $$(seq 0 127); do \
	    features=; bit=1; \
	    for feature in $(FEATURE_LIST); do \
	        [ $$((mask & bit)) -eq 0 ] || features="$$features $$feature"; \
	        bit=$$((bit * 2)); \
	    done; \
	    rm -rf '$(BUILD)/features/subset'; \
	    $(MAKE) -s --no-print-directory PROFILE=debug WERROR=1 BUILD='$(BUILD)/features/subset' \
	        FEATURES="$$features" '$(BUILD)/features/subset/libcompatmalloc.so.$(SOMAJOR)' >/dev/null || exit 1; \
	    LD_PRELOAD='$(abspath $(BUILD)/features/subset)/libcompatmalloc.so.$(SOMAJOR)' /bin/true || exit 1; \
	    echo "ok   FEATURES=\"$${features# }\""; passed=$$((passed + 1)); \
	done; echo "$$passed passed, 0 failed, 0 skipped"

include tests/fuzz/fuzz.mk
include tests/tsan/tsan.mk
include tests/lint.mk
