# SPDX-License-Identifier: MIT OR Apache-2.0
#
# make passthrough: the library for 32-bit programs, in $(BUILD)/32/. For x86-64 the 64-bit compiler builds it by -m32; for aarch64
# it takes a compiler for 32-bit ARM.
# make install-passthrough libdirs32='DIRECTORY...': installs it below the first of these directories, which are those that 32-bit
# dynamic linkers put in the place of $LIB, with a link of the library's name in each.

CC32_x86_64  = $(CC) -m32
CC32_aarch64 = arm-linux-gnueabihf-gcc
CC32        ?= $(CC32_$(ARCH))

# Not under the library's name: what lists a process's mappings, as compatmallocctl does, must not take it for the allocator.
LIB32 := $(BUILD)/32/passthrough.so

# Nothing of libc is used, so nothing of it can be mixed up with the other architecture's. Copies may not become calls.
PASSTHROUGH_FLAGS := -std=gnu17 $(WARNINGS) $(if $(WERROR),-Werror) -Iinclude -O2 -fPIC -ffreestanding -fvisibility=hidden \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -nostdlib -shared -Wl,-soname,libcompatmalloc.so.$(SOMAJOR) \
    -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--hash-style=gnu -Wl,--build-id -Wl,-z,noseparate-code -Wl,-s

libdirs32   ?= $(exec_prefix)/lib32
helper32dir ?= $(firstword $(libdirs32))/compatmalloc

.PHONY: passthrough install-passthrough
passthrough: $(LIB32)
$(LIB32): src/passthrough/passthrough.c include/compatmalloc.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD      $@')
	$(Q)$(CC32) $(PASSTHROUGH_FLAGS) -o $@ $<

install-passthrough: $(LIB32)
	$(INSTALL) -d $(foreach d,$(helper32dir) $(libdirs32),'$(DESTDIR)$(d)')
	$(INSTALL_DATA) $(LIB32) '$(DESTDIR)$(helper32dir)/$(notdir $(LIB32))'
	$(foreach d,$(libdirs32),ln -srf '$(DESTDIR)$(helper32dir)/$(notdir $(LIB32))' '$(DESTDIR)$(d)/$(notdir $(LIB))' &&) true
