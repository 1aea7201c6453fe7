# SPDX-License-Identifier: MIT OR Apache-2.0
#
# make fuzz                 libFuzzer on sequences of calls and on the configuration parser: 30 minutes; FUZZ_SECONDS=60 for one
# make check-fuzz           the same for a minute, as a test
#
# clang's, whatever CC is: the allocator is compiled once more, so that the fuzzer sees which of its edges are taken.

FUZZ_CC       ?= clang
FUZZ_SECONDS  ?= 1800
FUZZ_DIR      := $(BUILD)/fuzz
FUZZ_COVERAGE := -fsanitize-coverage=inline-8bit-counters,pc-table
FUZZ_PROGRAMS := $(FUZZ_DIR)/calls $(FUZZ_DIR)/settings
FUZZ_OBJECTS  := $(LIB_SOURCES:src/%.c=$(FUZZ_DIR)/obj/%.o)

.PHONY: fuzz-objects fuzz
fuzz-objects:
	@$(MAKE) --no-print-directory $(if $(V),,-s) CC='$(FUZZ_CC)' BUILD='$(FUZZ_DIR)' LDFLAGS= \
	    CFLAGS='-O1 -g -DINTERNAL_ASSERTIONS=1 $(FUZZ_COVERAGE)' $(FUZZ_OBJECTS) >/dev/null
$(FUZZ_DIR)/calls: tests/fuzz/calls.c fuzz-objects
	@mkdir -p $(@D)
	$(if $(V),,@echo '  FUZZ    $<')
	$(Q)$(FUZZ_CC) $(TEST_CPPFLAGS) -std=gnu17 -Wall -Wextra -O1 -g -fno-builtin -pthread -fsanitize=fuzzer -o $@ $< $(FUZZ_OBJECTS) -ldl
$(FUZZ_DIR)/settings: tests/fuzz/settings.c $(wildcard src/config/*.[ch])
	@mkdir -p $(@D)
	$(if $(V),,@echo '  FUZZ    $<')
	$(Q)$(FUZZ_CC) $(TEST_CPPFLAGS) -std=gnu17 -Wall -Wextra -O1 -g -fsanitize=fuzzer,address,undefined \
	    -iquote src/config -iquote src/malloc -o $@ $< $(wildcard src/config/*.c)

fuzz: $(FUZZ_PROGRAMS)
	@FUZZ_DIR='$(FUZZ_DIR)' tests/fuzz/run '$(FUZZ_SECONDS)'
check-fuzz: $(LIB) $(FUZZ_PROGRAMS)
	@$(RUN_TESTS) fuzz

ifeq ($(CROSS),)
ifneq ($(shell command -v $(FUZZ_CC)),)
check: $(FUZZ_PROGRAMS)
endif
endif
