# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What the tool is built and linked with. Without libsystemd (another libc's or another architecture's development
# files are often missing) everything works but units and the journal, that is src/ctl/systemd/: the tool says so where
# they are asked for.

CTL_SOURCES := $(sort $(wildcard src/ctl/*.c))
ifeq ($(shell $(PKG_CONFIG) --exists libsystemd 2>/dev/null && echo yes),yes)
SYSTEMD_CFLAGS := -DHAVE_LIBSYSTEMD=1 $(shell $(PKG_CONFIG) --cflags libsystemd)
CTL_LIBS       := $(shell $(PKG_CONFIG) --libs libsystemd)
CTL_SOURCES    += $(sort $(wildcard src/ctl/systemd/*.c))
else
SYSTEMD_CFLAGS := -DHAVE_LIBSYSTEMD=0
CTL_LIBS       :=
endif
# The names of the kinds of reports are the library's.
CTL_OBJECTS := $(CTL_SOURCES:src/%.c=$(BUILD)/obj/%.o) $(patsubst src/config/%.c,$(BUILD)/obj/ctl-config/%.o,$(wildcard src/config/*.c))
