# SPDX-License-Identifier: MIT OR Apache-2.0
#
# make bench                          every benchmark, glibc against this library's profiles and the peers found here
# make bench ROUNDS=9 BENCH="trees git"
# make bench PEERS="other=/path/to/libother.so"
# make bench-chart                    what was measured last as a picture: build/bench.svg (by gnuplot)
# make bench-day                      a server's day in some seconds: hour, sessions, megabytes in use, megabytes of memory
# make bench-scaling                  nanoseconds for a malloc and a free with 1 to 256 threads
# make bench-detection                which mistakes they notice: the table in README.md

ROUNDS     ?= 3
BENCH      ?=
PEERS      ?=
BENCH_JSON ?= build/bench.json
CHART_OF   ?= default light

BENCH_DIR       := $(BUILD)/bench
BENCH_WORKLOADS := $(patsubst bench/workloads/%.c,$(BENCH_DIR)/%,$(sort $(wildcard bench/workloads/*.c)))
# As programs are built, but for calls of malloc that a compiler would see through and remove.
BENCH_CFLAGS    := -std=gnu17 $(WARNINGS) $(if $(WERROR),-Werror) -O2 -fno-builtin-malloc -fno-builtin-calloc \
                   -fno-builtin-realloc -fno-builtin-free -pthread

.PHONY: bench bench-chart bench-day bench-scaling bench-detection bench-programs
bench: $(LIB) bench-programs
	@bench/run --library '$(LIB)' --programs '$(BENCH_DIR)' --json '$(BENCH_JSON)' --rounds '$(ROUNDS)' \
	    --bench '$(BENCH)' --peers '$(PEERS)'

bench-chart:
	bench/chart '$(BENCH_JSON)' '$(BENCH_JSON:.json=.svg)' $(CHART_OF)

bench-detection: $(LIB) $(BENCH_DIR)/mistake
	@bench/detection/run --library '$(LIB)' --program '$(BENCH_DIR)/mistake' --peers '$(PEERS)'

bench-day bench-scaling: bench-%: $(LIB) $(BENCH_DIR)/%
	@bench/series '$(LIB)' '$(BENCH_DIR)/$*'

bench-programs: $(BENCH_WORKLOADS) $(BENCH_DIR)/measure $(BENCH_DIR)/mistake $(BENCH_DIR)/day $(BENCH_DIR)/scaling

$(BENCH_WORKLOADS): $(BENCH_DIR)/%: bench/workloads/%.c bench/workloads/workload.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  BENCH   $<')
	$(Q)$(CC) -D_GNU_SOURCE $(BENCH_CFLAGS) -o $@ $<

$(BENCH_DIR)/day $(BENCH_DIR)/scaling: $(BENCH_DIR)/%: bench/long/%.c bench/workloads/workload.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  BENCH   $<')
	$(Q)$(CC) -D_GNU_SOURCE $(BENCH_CFLAGS) -o $@ $<

$(BENCH_DIR)/measure: bench/measure.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  BENCH   $<')
	$(Q)$(CC) -D_GNU_SOURCE $(BENCH_CFLAGS) -o $@ $<

# The mistakes must reach the heap as they are written.
$(BENCH_DIR)/mistake: bench/detection/mistake.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  BENCH   $<')
	$(Q)$(CC) -D_GNU_SOURCE $(BENCH_CFLAGS) -Itests/lib -fno-builtin -O1 -U_FORTIFY_SOURCE -o $@ $<
