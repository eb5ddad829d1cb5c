# SPDX-License-Identifier: Apache-2.0
#
# make            build/saker
# make help       every target in one line
#
# Variables: CC=clang, SAN=1 (address, undefined and leak sanitizers), CHECK=1
# (whatever the engine remembers is worked out again when it is used), B=DIR
# (where everything is built), PREFIX, DESTDIR, V=1 (show the commands);
# CROSS=aarch64-linux-gnu- (build for another machine, with its libraries in SYSROOT).

B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CROSS ?=
SYSROOT ?=
ARCH := $(if $(CROSS),$(firstword $(subst -, ,$(CROSS))),$(shell uname -m))
ifeq ($(origin CC),default)
CC := $(CROSS)gcc $(SYSROOT:%=--sysroot=%)
endif
ifeq ($(origin CXX),default)
CXX := $(CROSS)g++ $(SYSROOT:%=--sysroot=%)
endif
CLANG ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool 2>/dev/null),/usr/sbin/bpftool)

ifeq ($(SAN),1)
ifeq ($(origin B),file)
B := build/san
endif
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif

ifeq ($(CHECK),1)
ifeq ($(origin B),file)
B := $(if $(SANITIZE),build/san-check,build/check)
endif
CPPFLAGS += -DSK_VM_CHECK
endif

OPTIMIZE ?= -O2
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wimplicit-fallthrough
CPPFLAGS += -I. -I$(B)/gen -D_GNU_SOURCE
CFLAGS ?= -g
ALL_CFLAGS = -std=gnu17 $(OPTIMIZE) $(WARNINGS) -Werror $(SANITIZE) $(CFLAGS)
ALL_CXXFLAGS = -std=c++17 $(OPTIMIZE) -Wall -Wextra -Werror -fno-exceptions $(SANITIZE) $(CFLAGS)
# What re2c and lemon write is not ours to keep free of these.
GENERATED_CFLAGS = $(filter-out -Wmissing-prototypes -Wshadow -Wundef -Wimplicit-fallthrough,$(ALL_CFLAGS)) -Wno-unused-parameter -Wno-sign-compare -Wno-unused-variable -Wno-unused-but-set-variable
LIBS_VM := -lxxhash -lre2 -lstdc++ -lm
LIBS := -lyaml -lz -lbpf -lelf -lcurl -lnghttp2 -lprotobuf-c -ljansson -lpthread $(LIBS_VM)

Q := $(if $(V),,@)

# --- sources -----------------------------------------------------------

# The parts of the command line that are folders (cli/lsp/ ...) are in the library: tests and fuzz targets reach them.
LIBRARY_SOURCES := $(wildcard vm/*.c vm/schema/*.c vm/support/*.c vm/*.cc grammar/*.c compiler/*.c compiler/*/*.c \
	runtime/*.c runtime/*/*.c cli/*/*.c)
LEXERS := $(wildcard grammar/*.re)
GRAMMARS := $(wildcard grammar/*.y)
PROTOS := $(wildcard runtime/*/*.proto)
BPF_SOURCES := $(wildcard runtime/capture/bpf/*.bpf.c)
CLI_SOURCES := $(wildcard cli/*.c)
UNIT_TESTS := $(wildcard tests/unit/*/*.c tests/conformance/*.c tests/live/*.c)
TEST_SCRIPTS := $(wildcard tests/scripts/*.sh)
FUZZ_TARGETS := $(wildcard fuzz/*.c)
HELPERS := $(patsubst %.c,$(B)/%,$(wildcard tests/helpers/*.c))
CLIENTS := $(patsubst %.c,$(B)/%,$(wildcard tests/clients/*.c))
SOAK := $(B)/tests/soak/workload $(B)/tests/soak/tiny

LIBRARY_OBJECTS := $(LIBRARY_SOURCES:%=$(B)/%.o) $(LEXERS:%.re=$(B)/gen/%.lex.o) $(GRAMMARS:%.y=$(B)/gen/%.o) \
	$(PROTOS:%.proto=$(B)/gen/%.pb-c.o)
CLI_OBJECTS := $(CLI_SOURCES:%=$(B)/%.o)
UNIT_PROGRAMS := $(UNIT_TESTS:%.c=$(B)/%)
BPF_OBJECTS := $(BPF_SOURCES:%.bpf.c=$(B)/%.bpf.o)
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(ARCH)))
SKELETONS := $(B)/gen/runtime/capture/bpf/capture.skel.h

.PHONY: all help deps run aarch64 test test-aarch64 test-kernel unit soak nightly mutate man docs bench bench-gate fuzz check format install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/saker ## build/saker

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# --- building ----------------------------------------------------------

$(B)/saker: $(CLI_OBJECTS) $(B)/libsaker.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libsaker.a: $(LIBRARY_OBJECTS)
	@echo "  AR      $@"
	$(Q)rm -f $@ && $(CROSS)ar rcs $@ $^

$(B)/%.c.o: %.c
	@echo "  CC      $<"
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.cc.o: %.cc
	@echo "  CXX     $<"
	$(Q)mkdir -p $(@D) && $(CXX) $(CPPFLAGS) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

# Lemon leaves a header alone that would not change: touch says it is up to date.
# A .re needs the token numbers that lemon wrote beside its grammar.
$(B)/gen/%.lex.c: %.re
	@echo "  RE2C    $<"
	$(Q)mkdir -p $(@D) && re2c -W --no-generation-date -c -o $@ $<

$(B)/gen/%.c $(B)/gen/%.h &: %.y
	@echo "  LEMON   $<"
	$(Q)mkdir -p $(@D) && lemon -q -d$(@D) $< && touch $(B)/gen/$*.c $(B)/gen/$*.h

$(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h &: %.proto
	@echo "  PROTO   $<"
	$(Q)mkdir -p $(B)/gen && protoc-c --c_out=$(B)/gen $<

$(B)/gen/%.lex.o: $(B)/gen/%.lex.c $(GRAMMARS:%.y=$(B)/gen/%.h)
	@echo "  CC      $<"
	$(Q)$(CC) $(CPPFLAGS) $(GENERATED_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/gen/%.o: $(B)/gen/%.c
	@echo "  CC      $<"
	$(Q)$(CC) $(CPPFLAGS) $(GENERATED_CFLAGS) -MMD -MP -c -o $@ $<

# Hand-written sources include the generated token numbers, messages and skeletons.
$(LIBRARY_SOURCES:%=$(B)/%.o): | $(GRAMMARS:%.y=$(B)/gen/%.h) $(PROTOS:%.proto=$(B)/gen/%.pb-c.h) $(SKELETONS)

# Every file is compiled on its own, then they are linked into one object.  The
# one with the maps comes first: this libbpf resolves only in that order.
$(B)/%.bpf.o: %.bpf.c $(wildcard runtime/capture/bpf/*.h runtime/capture/bpf/*.def vm/schema/*.def)
	@echo "  BPF     $<"
	$(Q)mkdir -p $(@D) && $(CLANG) -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Werror -I. \
		-idirafter $(SYSROOT)/usr/include/$(ARCH)-linux-gnu -c -o $@ $<

$(B)/runtime/capture/bpf/capture.linked.o: $(B)/runtime/capture/bpf/maps.bpf.o $(filter-out %/maps.bpf.o,$(BPF_OBJECTS))
	@echo "  BPFLINK $@"
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKELETONS): $(B)/runtime/capture/bpf/capture.linked.o
	@echo "  SKEL    $@"
	$(Q)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name sk_capture_bpf > $@

# The benchmark's own programs, which are one file.
$(B)/gen/bench/%.skel.h: $(B)/bench/%.bpf.o
	@echo "  SKEL    $@"
	$(Q)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(B)/bench/live.c.o: $(B)/gen/bench/live.skel.h

# --- installing what is needed and running -------------------------------

deps: ## install the Debian packages that the build needs (asks apt only for what is missing)
	$(Q)packaging/deps

run: deps ## build, compile the default pack, watch this host (without privileges: replay the demo capture)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)packaging/run $(B)/saker

# --- tests -------------------------------------------------------------

$(B)/tests/%: tests/%.c $(B)/libsaker.a tests/test.h
	@echo "  TEST    $@"
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-unused-function -MMD -MP -o $@ $< $(B)/libsaker.a $(LDFLAGS) $(LIBS)

$(B)/tests/helpers/%: tests/helpers/%.c
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE $(ALL_CFLAGS) -o $@ $<

# The workload has no sanitizers: it is the sensor that is watched.
$(B)/tests/soak/workload: tests/soak/workload.c
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $< -pthread

$(B)/tests/soak/tiny: tests/soak/tiny.c
	$(Q)mkdir -p $(@D) && $(CC) $(WARNINGS) -O2 -static -nostdlib -ffreestanding -fno-stack-protector -o $@ $<

soak: $(SOAK) $(B)/saker ## ten minutes beside a varied workload (SECONDS, STARTS a second): memory flat, nothing lost, nothing missed
	$(Q)tests/soak/soak $(B) --seconds $(or $(SECONDS),600) --starts $(or $(STARTS),$(if $(filter 1,$(SAN)),1000,2000)) \
		$(if $(filter 1,$(SAN)),--sanitized)

test: $(UNIT_PROGRAMS) $(HELPERS) $(CLIENTS) $(SOAK) $(B)/saker ## every test; ends with "N passed, N failed, N skipped"
	$(Q)SAN=$(SAN) SAKER=$(B)/saker BUILD=$(B) tests/run $(UNIT_PROGRAMS) $(TEST_SCRIPTS)

# Ten million comparisons of the two engines, some minutes; SK_SEED=n for others than the last time.
NIGHTLY := $(B)/tests/unit/vm/test_rows $(B)/tests/unit/sensor/test_streams $(B)/tests/unit/vm/test_large_bundle
nightly: $(NIGHTLY) ## random packs, events and streams of events without end, rows against linear
	$(Q)TEST_TIMEOUT=7200 SK_COMPARISONS=$(or $(COMPARISONS),10000000) SK_STREAM_EVENTS=$(or $(EVENTS),1000000) \
		SK_MUTATIONS=$(or $(MUTATIONS),50000) \
		tests/run $(NIGHTLY)

mutate: $(B)/saker ## which comparisons of our rules no test misses; fails below PERCENT (80) that are missed
	$(Q)$(B)/saker test --mutate $(or $(PERCENT),80) tests/rules

man: $(B)/saker ## write the man pages anew
	$(Q)mkdir -p docs/man
	$(Q)for command in $(shell sed -n 's/^SK_COMMAND(\(.*\))/\1/p' cli/commands.def); do \
		$(B)/saker help --man $$command > docs/man/saker-$$command.1; done
	$(Q)$(B)/saker help --man > docs/man/saker.1

docs: man ## write the pages of docs/ anew that come from tables of the code, and the man pages
	$(Q)$(B)/saker help --language > docs/language.md
	$(Q)$(B)/saker fields --markdown > docs/fields.md
	$(Q)packaging/rules-page $(B)/saker > docs/rules.md

unit: $(UNIT_PROGRAMS) ## the tests that need neither kernel nor ../shared
	$(Q)tests/run $(filter $(B)/tests/unit/%,$(UNIT_PROGRAMS))

# --- other machines and kernels (docs/platforms.md) ------------------------

MACHINES ?= build/machines
aarch64: ## build/aarch64/saker, with gcc-aarch64-linux-gnu and libraries fetched into MACHINES (build/machines)
	$(Q)tests/machine/fetch aarch64 $(MACHINES)/aarch64
	$(Q)$(MAKE) --no-print-directory CROSS=aarch64-linux-gnu- SYSROOT=$(abspath $(MACHINES))/aarch64/root B=build/aarch64 all

test-aarch64: ## the live tests on an emulated aarch64 with Debian's kernel (ALL=1: the unit tests too)
	$(Q)MACHINES=$(MACHINES) SUITE=$(SUITE) FLAVOUR=$(FLAVOUR) tests/machine/run aarch64 $(if $(ALL),--all)

test-kernel: ## the live tests on an emulated x86_64 with Debian's kernel
	$(Q)MACHINES=$(MACHINES) SUITE=$(SUITE) FLAVOUR=$(FLAVOUR) tests/machine/run x86_64 $(if $(ALL),--all)

# --- fuzzing -----------------------------------------------------------

# libFuzzer needs clang, and its own build of the library.
FUZZ_SECONDS ?= 30
$(B)/fuzz/%: fuzz/%.c
	$(Q)$(MAKE) --no-print-directory CC=clang CXX=clang++ B=$(B)/fuzzlib OPTIMIZE=-O1 \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' $(B)/fuzzlib/libsaker.a
	@echo "  FUZZ    $@"
	$(Q)mkdir -p $(@D) && clang $(CPPFLAGS) -I$(B)/fuzzlib/gen -std=gnu17 -g -O1 \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -fsanitize-link-c++-runtime \
		-o $@ $< $(B)/fuzzlib/libsaker.a $(LIBS)

fuzz: $(FUZZ_TARGETS:%.c=$(B)/%) ## run every fuzz target FUZZ_SECONDS (30) from its seeds
	$(Q)fuzz/run $(B)/fuzz $(FUZZ_SECONDS)

# --- looking after the code ----------------------------------------------

OUR_SOURCES = $(wildcard vm/*.[ch] vm/*/*.[ch] grammar/*.[ch] compiler/*.[ch] compiler/*/*.[ch] runtime/*.[ch] runtime/*/*.[ch] \
	runtime/*/bpf/*.[ch] cli/*.[ch] cli/*/*.[ch] bench/*.[ch] bench/*/*.[ch] fuzz/*.[ch] tests/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch])

check: ## format, layering, cppcheck, clang-tidy where they are installed
	$(Q)tests/check $(B) $(OUR_SOURCES)

format: ## lay out the sources as .clang-format says
	clang-format -i $(OUR_SOURCES)

# --- measuring -----------------------------------------------------------

BENCH_PROGRAMS := $(patsubst %.c,$(B)/%,$(filter-out %.bpf.c,$(wildcard bench/*.c)))
BENCH_SUPPORT := $(patsubst %,$(B)/%.o,$(wildcard bench/support/*.c))
$(BENCH_PROGRAMS): $(B)/bench/%: $(B)/bench/%.c.o $(BENCH_SUPPORT) $(B)/libsaker.a
	@echo "  BENCH   $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

bench: $(B)/saker $(BENCH_PROGRAMS) ## measure; results into $(B)/bench/ (QUICK=1: less of it)
	$(Q)bench/run $(if $(QUICK),--quick) $(B)/saker $(B)/bench

bench-gate: $(B)/saker $(BENCH_PROGRAMS) ## compare instructions per event with bench/budget.json
	$(Q)bench/gate $(B)/saker $(B)/bench

# --- installing --------------------------------------------------------

install: $(B)/saker ## binary, default pack, man pages; DESTDIR and PREFIX honoured
	install -D -m 755 $(B)/saker $(DESTDIR)$(PREFIX)/bin/saker
	install -d $(DESTDIR)$(PREFIX)/share/saker/rules $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 rules/*.yaml $(DESTDIR)$(PREFIX)/share/saker/rules/
	install -m 644 docs/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/

uninstall: ## what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/saker $(DESTDIR)$(PREFIX)/share/man/man1/saker*.1
	rm -rf $(DESTDIR)$(PREFIX)/share/saker

clean: ## remove what was built
	rm -rf $(B)

-include $(shell find $(B) -name machines -prune -o -name '*.d' -type f -print 2>/dev/null)
