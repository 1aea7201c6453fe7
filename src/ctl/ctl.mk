# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What the tool is built and linked with. Without libsystemd (another libc's or another architecture's development
# files are often missing) everything works but units: the tool says so where they are asked for.

ifeq ($(shell $(PKG_CONFIG) --exists libsystemd 2>/dev/null && echo yes),yes)
SYSTEMD_CFLAGS := -DHAVE_LIBSYSTEMD=1 $(shell $(PKG_CONFIG) --cflags libsystemd)
CTL_LIBS       := $(shell $(PKG_CONFIG) --libs libsystemd)
else
SYSTEMD_CFLAGS := -DHAVE_LIBSYSTEMD=0
CTL_LIBS       :=
endif
