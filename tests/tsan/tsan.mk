# SPDX-License-Identifier: MIT OR Apache-2.0
#
# make check-tsan           programs with threads under clang's ThreadSanitizer
#
# ThreadSanitizer has an allocator of its own. So ours is a library like any other here: its functions, and what the
# programs call, are renamed by the preprocessor, and nothing is interposed. It is also told which part of the address
# space is left to it, and which round of thread-specific destructors.

TSAN_CC       ?= clang
TSAN_DIR      := $(BUILD)/tsan
TSAN_NAMES    := malloc calloc realloc reallocarray free cfree posix_memalign aligned_alloc memalign valloc pvalloc \
                 malloc_usable_size malloc_trim mallopt mallinfo mallinfo2 malloc_info malloc_stats free_sized \
                 free_aligned_sized
TSAN_FLAGS    := -O1 -g -fno-builtin -fsanitize=thread $(foreach name,$(TSAN_NAMES),-D$(name)=tested_$(name)) -DADDRESS_BITS=39 -DDESTRUCTOR_ROUNDS=2
# The copying functions are ThreadSanitizer's too.
TSAN_SOURCES  := $(filter-out %/copies.c %/bounds.c %/operators.c,$(LIB_SOURCES)) tests/tsan/operators.c tests/tsan/first-allocation.c
TSAN_PROGRAMS := $(addprefix $(TSAN_DIR)/,handed-over test_threads crowds large-traffic)

# In one piece, because ours are the flags and not those of the other objects.
$(TSAN_DIR)/allocator/built: $(TSAN_SOURCES) $(wildcard src/malloc/*.h src/config/*.h) tests/tsan/tsan.mk
	@mkdir -p $(@D)
	$(if $(V),,@echo '  TSAN    allocator')
	$(Q)$(foreach source,$(TSAN_SOURCES),$(TSAN_CC) -std=gnu17 $(BASE_CPPFLAGS) -Isrc/malloc -w $(TSAN_FLAGS) \
	    $(if $(findstring _avx2,$(source)),$(AVX2_CFLAGS)) $(if $(findstring _avx512,$(source)),$(AVX512_CFLAGS)) -c -o $(@D)/$(notdir $(source:.c=.o)) $(source) &&) touch $@

# The same with a mistake that must be found: a parcel is delivered without what is in it.
$(TSAN_DIR)/mistake/built: $(TSAN_DIR)/allocator/built
	@mkdir -p $(@D)
	$(Q)cp $(<D)/*.o $(@D)
	$(Q)sed 's/memory_order_release,/memory_order_relaxed,/' src/malloc/inbox.c >$(@D)/inbox.c
	$(Q)$(TSAN_CC) -std=gnu17 $(BASE_CPPFLAGS) -Isrc/malloc -w $(TSAN_FLAGS) -c -o $(@D)/inbox.o $(@D)/inbox.c
	$(Q)touch $@

tsan-link = $(TSAN_CC) $(TEST_CPPFLAGS) -std=gnu17 -w $(TSAN_FLAGS) -o $@ $< $(1)/*.o -pthread -ldl
$(TSAN_DIR)/handed-over: tests/tsan/handed-over.c $(TSAN_DIR)/allocator/built
	$(Q)$(call tsan-link,$(TSAN_DIR)/allocator)
$(TSAN_DIR)/mistaken: tests/tsan/handed-over.c $(TSAN_DIR)/mistake/built
	$(Q)$(call tsan-link,$(TSAN_DIR)/mistake)
$(TSAN_DIR)/test_threads: tests/unit/test_threads.c $(TSAN_DIR)/allocator/built
	$(Q)$(call tsan-link,$(TSAN_DIR)/allocator) -lcmocka
$(TSAN_DIR)/crowds $(TSAN_DIR)/large-traffic: $(TSAN_DIR)/%: tests/walls/%.c $(TSAN_DIR)/allocator/built
	$(Q)$(call tsan-link,$(TSAN_DIR)/allocator)

check-tsan: $(LIB) $(TSAN_PROGRAMS) $(TSAN_DIR)/mistaken
	@$(RUN_TESTS) tsan

ifeq ($(CROSS),)
ifneq ($(shell command -v $(TSAN_CC)),)
check: $(TSAN_PROGRAMS) $(TSAN_DIR)/mistaken
endif
endif
