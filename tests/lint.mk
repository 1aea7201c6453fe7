# SPDX-License-Identifier: MIT OR Apache-2.0
#
# make lint: no warning from gcc and clang at the project's own level, clang-tidy, cppcheck, shellcheck and mandoc.

LINT_DIR := $(BUILD)/lint

LINT_SOURCES  := $(sort $(wildcard src/malloc/*.c src/config/*.c src/ctl/*.c src/ctl/systemd/*.c src/passthrough/*.c))
LINT_TESTS    := $(sort $(wildcard tests/*/*.c bench/*.c bench/*/*.c))
LINT_CPPFLAGS := -D_GNU_SOURCE -Iinclude -iquote src/config -iquote src/malloc -iquote src/ctl

# Scripts are found by their first line, so that none escapes by its name.
SHELL_SCRIPTS = $(shell find . \( -name build -o -name dist -o -name .git -o -name node_modules \) -prune -o -type f \
                  \( -name '*.sh' -o -name '*.bats' -o -name '*.bash' -o \
                     -exec sh -c 'head -n 1 "$$1" | grep -qaE "^.!.*[/ ](ba|da)?sh( |$$)"' sh {} \; \) -print | sort)
MAN_PAGES     = $(sort $(wildcard docs/man/*.[1-8]))

.PHONY: lint lint-compilers lint-tidy lint-cppcheck lint-shell lint-man lint-ansible
lint: lint-compilers lint-tidy lint-cppcheck lint-shell lint-man lint-ansible
	@echo "lint: no warnings"

# Both compilers, with all features and with none, since constants that fold hide code from each. Most programs of the tests
# do not know the features.
lint-compilers:
	@mkdir -p '$(LINT_DIR)'
	@for compiler in gcc clang; do for features in hardened ''; do \
	    echo "  LINT    $$compiler FEATURES=$$features"; \
	    $(MAKE) $(ALL_PROCESSORS) -s --no-print-directory WERROR=1 CC=$$compiler PROFILE=debug FEATURES="$$features" \
	        BUILD='$(LINT_DIR)'/$$compiler-$${features:-none} all $(if $(CC32_$(ARCH)),passthrough) proof-programs \
	        $${features:+test-programs bench-programs} \
	        >'$(LINT_DIR)/log' 2>&1 || { cat '$(LINT_DIR)/log'; exit 1; }; \
	done; done

# Each file's complaints are printed together.
lint-tidy:
	@printf '%s\n' $(LINT_SOURCES) $(LINT_TESTS) | xargs -P "$$(nproc)" -n 1 sh -c \
	    'said=$$(clang-tidy --quiet "$$1" -- -std=gnu17 $(LINT_CPPFLAGS) -Itests/lib $(SYSTEMD_CFLAGS) 2>/dev/null); status=$$?; \
	    echo "  TIDY    $$1"; [ -z "$$said" ] || echo "$$said"; exit "$$status"' sh

lint-cppcheck:
	@echo "  CPPCHECK src"
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	    -D_GNU_SOURCE -Iinclude -Isrc/config -Isrc/malloc -Isrc/ctl src

lint-shell:
	@echo "  SHELL   $(words $(SHELL_SCRIPTS)) scripts"
	@shellcheck -x $(SHELL_SCRIPTS)

lint-man:
	@for page in $(MAN_PAGES); do \
	    echo "  MAN     $$page"; \
	    mandoc -Tlint -Wwarning $$page || exit 1; \
	done

lint-ansible:
	@if command -v ansible-lint >/dev/null; then \
	    echo "  LINT    ansible"; cd ansible && ansible-lint --offline --nocolor -q -p rollout.yml roles; \
	else \
	    echo "  (ansible-lint is not installed: the role is not looked at)"; \
	fi
