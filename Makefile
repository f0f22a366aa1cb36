# Reverb in C: build, run, test.

BUILD ?= build
SAN ?=
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
TIME ?= 60
V ?=
WERROR ?=

comma := ,
# Optional: without it, or where the system forbids io_uring, each send is a system call.
URING := $(if $(filter Linux,$(shell uname -s)),$(shell pkg-config --exists liburing 2>/dev/null && echo liburing))
DEPENDENCIES := libuv openssl jansson zlib hiredis libcurl $(URING)
# libcurl is loaded if there are webhooks; LIBCURL=linked: it comes with the program.
LIBCURL ?= $(if $(filter Linux,$(shell uname -s)),loaded,linked)

# Each kind of sanitizer builds into a folder of its own, so that none disturbs another.
OUT := $(BUILD)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

GENERATED := $(BUILD)/generated

# As many jobs as there are processors; -j on the command line is stronger.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN)
endif
# `make clean build` means one after the other.
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# One short line a file, in place of each command; V=1 shows the commands.
SHOWN := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# WERROR=1 makes warnings errors, but with a sanitizer, whose code makes gcc warn of what cannot be.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wformat=2 $(if $(WERROR),$(if $(SAN),,-Werror))
# The headers of libraries are read as the system's: what they make a compiler warn of is not ours.
DEPENDENCIES_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(DEPENDENCIES) 2>/dev/null))
LINKED := $(if $(filter loaded,$(LIBCURL)),$(filter-out libcurl,$(DEPENDENCIES)),$(DEPENDENCIES))
DEPENDENCIES_LIBS := $(shell pkg-config --libs $(LINKED) 2>/dev/null)

# Those of the flags given that this compiler knows, on this processor and with this C library.
known = $(foreach flag,$(1),$(shell echo '#include <stdio.h>' | \
	$(CC) -Werror -O2 $(flag) -x c -c -o /dev/null - 2>/dev/null && echo '$(flag)'))
FORTIFY := $(firstword $(call known,-D_FORTIFY_SOURCE=3 -D_FORTIFY_SOURCE=2))
HARDENING := -fstack-protector-strong -fPIE $(if $(SAN),,$(FORTIFY)) \
	$(call known,-fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu17 -D_GNU_SOURCE $(WARNINGS) $(HARDENING) -Isrc -I$(GENERATED) -MMD -MP \
	$(DEPENDENCIES_CFLAGS) $(if $(URING),-DWITH_LIBURING) $(if $(filter linked,$(LIBCURL)),-DWITH_LIBCURL_LINKED) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1)
LINUX_LDFLAGS := $(if $(filter Linux,$(shell uname -s)),-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)
override LDFLAGS += $(LINUX_LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))
LDLIBS := $(DEPENDENCIES_LIBS) -lpthread $(if $(filter loaded,$(LIBCURL)),-ldl)

SCRIPT_TEXTS := $(GENERATED)/cluster/apply.lua.inc $(GENERATED)/cluster/query.lua.inc
SOURCES := $(sort $(wildcard src/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(OUT)/obj/%.o)
MAIN := $(OUT)/obj/main.o

UNIT_TESTS := $(sort $(wildcard tests/unit/*/*_test.c))
UNIT_BINARIES := $(UNIT_TESTS:tests/unit/%.c=$(OUT)/unit/%)

COMPILED := src/main.c $(SOURCES) $(UNIT_TESTS) $(sort $(wildcard tests/support/*.c fuzz/*.c bench/*.c))

MEMCHECK_TOPICS := apps backlog cache client_events connection debug deflate descriptors forged http http_api \
	large_events malformed many order presence private sdk shutdown signin subscription_counts \
	subscriptions terminate tls watchlist

FUZZERS := $(sort $(patsubst fuzz/%_fuzz.c,%,$(wildcard fuzz/*_fuzz.c)))

.DEFAULT_GOAL := build

## -- to use it

.PHONY: build
build: $(OUT)/reverb ## build the server: build/reverb (SAN=address,undefined or SAN=thread: with that sanitizer)
	@echo "$(OUT)/reverb is ready. Next: make start (with a demo app), $(OUT)/reverb --help, make help"

.PHONY: deps
deps: ## install what building needs, on Debian and Ubuntu (FOR=test: what the tests need, FOR=bench)
	@tools/install-dependencies $(or $(FOR),build)

.PHONY: start
start: ## install what is missing, build, and run the server with a demo app on port 8080
	@tools/install-dependencies build
	@+tools/build-with-progress $(OUT)/reverb
	@exec tools/start-demo

# What is installed below PREFIX beside the program, and from where.
SHARED := share/man/man1/reverb.1=man/reverb.1 share/man/man5/reverb.json.5=man/reverb.json.5 \
	share/bash-completion/completions/reverb=completion/reverb.bash \
	share/zsh/site-functions/_reverb=completion/reverb.zsh \
	share/fish/vendor_completions.d/reverb.fish=completion/reverb.fish
UNITS := lib/systemd/system/reverb.service lib/systemd/system/reverb.socket
place = $(firstword $(subst =, ,$(1)))
source = $(lastword $(subst =, ,$(1)))

.PHONY: install
install: $(OUT)/reverb install-shared ## install the server to PREFIX (/usr/local), with manuals, completion and the unit for systemd
	@mkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(OUT)/reverb $(DESTDIR)$(PREFIX)/bin/reverb
	sed -e 's,/usr/local/bin,$(PREFIX)/bin,' packaging/reverb.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/reverb.service
	install -m 644 packaging/reverb.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/reverb.socket

.PHONY: install-shared
install-shared: $(SHARED:%=install-shared/%)
install-shared/%:
	@mkdir -p $(DESTDIR)$(PREFIX)/$(dir $(call place,$*))
	install -m 644 packaging/$(call source,$*) $(DESTDIR)$(PREFIX)/$(call place,$*)

.PHONY: uninstall
uninstall: ## remove what `make install` brought to the same PREFIX
	rm -f $(foreach file,bin/reverb $(UNITS) $(foreach one,$(SHARED),$(call place,$(one))),$(DESTDIR)$(PREFIX)/$(file))

.PHONY: dist
dist: ## the release's tarballs for Linux, of static programs, in dist/ (RELEASE_KEY signs them)
	@tools/dist

.PHONY: packages
packages: dist ## the .deb, the .rpm, the source tarball, and recipes for Homebrew, Alpine and Nix (RELEASES_URL), in dist/
	@tools/packages
	@tools/recipes

.PHONY: release-key
release-key: ## generate the pair that signs releases: the private half is written to KEY, outside the repository
	@tools/release-key "$(KEY)"

.PHONY: release-check
release-check: ## what must hold before a release: version, tag, changelog, keys, tarballs and packages
	@MAKEFLAGS= tools/release-check

## -- to change it

.PHONY: test
test: ## install what the tests need, and run all of them
	@tools/install-dependencies test
	@MAKEFLAGS= tests/run

.PHONY: unit
unit: $(UNIT_BINARIES) ## the unit tests alone
	@tools/run-unit-tests $(UNIT_BINARIES)

# Compiled once more, without optimisation; threads add to the counts of lines, so these are atomic.
.PHONY: coverage
coverage: ## what the unit tests run of each folder of src/, and whether it is above its floor
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage SAN= FORTIFY= LDFLAGS=--coverage \
		CFLAGS="-O0 -g --coverage -fprofile-update=atomic" coverage-unit
	@tools/coverage $(BUILD)/coverage

# The counts are of this run alone.
.PHONY: coverage-unit
coverage-unit: $(UNIT_BINARIES)
	@find $(OUT) -name '*.gcda' -exec rm -f {} +
	@tools/run-unit-tests $(UNIT_BINARIES)

.PHONY: fuzz-replay
fuzz-replay: $(FUZZERS:%=$(OUT)/replay/%) ## run the fuzzers' corpora, and what they once found
	@tools/replay-corpora $^

# clang alone brings libFuzzer; its objects are its own.
.PHONY: fuzz
fuzz: ## run each fuzzer for TIME seconds (60)
	@$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/fuzzing \
		SAN=fuzzer-no-link,address,undefined fuzz-all

.PHONY: fuzz-all
fuzz-all: $(FUZZERS:%=$(OUT)/fuzz/%)
	@tools/run-fuzzers $(TIME) $^

.PHONY: soak
soak: $(OUT)/reverb ## mixed traffic for TIME seconds (60): nothing is lost, doubled, or grows
	@SOAK_S=$(TIME) E2E_SECONDS_MAX=$$(($(TIME) + 300)) tests/run-e2e soak

# REDIS: single, sentinel or cluster. CALL_MS=10 on a machine that does nothing else.
.PHONY: chaos
chaos: $(OUT)/reverb ## faults over three nodes with a large state for TIME seconds; CHANNELS, HALLS, MEMBERS, SEED, REDIS
	@CHAOS_S=$(TIME) CHAOS_CHANNELS=$(or $(CHANNELS),50000) CHAOS_HALLS=$(or $(HALLS),20) CHAOS_MEMBERS=$(or $(MEMBERS),300) \
		PATIENCE=$(or $(PATIENCE),3) CHAOS_REDIS=$(REDIS) CHAOS_CALL_MS=$(CALL_MS) MODEL_SEED=$(SEED) E2E_SECONDS_MAX=$$(($(TIME) + 900)) \
		REVERB_BIN=$(OUT)/reverb tests/run-cluster large_chaos

# Not those whose times are shorter than valgrind is slow: rate limits, restarts, stalls, floods.
.PHONY: memcheck
memcheck: $(OUT)/reverb ## the end-to-end tests with the server under valgrind; half an hour
	@REVERB_BIN=tools/valgrind-reverb E2E_SECONDS_MAX=7200 tests/run-e2e $(or $(TOPICS),$(MEMCHECK_TOPICS))

.PHONY: bench
bench: ## install what is missing, and measure the server beside others: ratios, in docs/benchmarks.md
	@tools/install-dependencies bench
	@$(MAKE) --no-print-directory $(OUT)/reverb $(OUT)/bench/floor
	@bench/run

.PHONY: bench-micro
bench-micro: $(OUT)/bench/micro ## measure frame, scanner, signature and head by themselves
	@$(OUT)/bench/micro

.PHONY: lint
lint: ## format, folder arrows, names, clang-tidy (lengths too), cppcheck
	@MAKEFLAGS= tools/lint

.PHONY: format
format: ## lay the code out
	clang-format -i $$(find src tests/unit tests/support fuzz bench -name '*.[ch]')

# For editors (clangd) and tools: the flags of each file, those of the tests, fuzzers and benches too.
.PHONY: compile_commands.json
compile_commands.json: generated ## write how each file is compiled, for clangd
	@tools/compile-commands "$(CC) $(filter-out -MMD -MP,$(CFLAGS)) -Itests -Ifuzz -Ibench" $(COMPILED) > $@

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD) compile_commands.json

.PHONY: help
help: ## this
	@awk -F ':.*## ' '/^## --/ {print "\n" substr($$0, 7)} \
		/^[a-z_.-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(OUT)/reverb: $(MAIN) $(OBJECTS)
	$(call say,LINK,$@)
	$(SHOWN)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/obj/%.o: src/%.c Makefile | dependencies
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(SHOWN)$(CC) $(CFLAGS) -c -o $@ $<

# Redis' scripts, and the console's files, as C texts.
as_c_text = $(SHOWN)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $(1) > $@
$(GENERATED)/cluster/query.lua.inc: src/cluster/scripts/query.lua
$(GENERATED)/cluster/apply.lua.inc: $(sort $(wildcard src/cluster/scripts/apply/*.lua))
$(SCRIPT_TEXTS):
	@mkdir -p $(@D)
	$(call as_c_text,$^)
$(GENERATED)/admin/%.inc: src/admin/console/%
	@mkdir -p $(@D)
	$(call as_c_text,$<)

# The console's plots are drawn by Dygraphs (libjs-dygraphs); without it there are numbers in their place.
DYGRAPHS := /usr/share/javascript/dygraphs
$(GENERATED)/admin/dygraph.%.inc: | $(wildcard $(DYGRAPHS)/dygraph.min.%)
	@mkdir -p $(@D)
	$(call as_c_text,$(firstword $(wildcard $(DYGRAPHS)/dygraph.min.$*) /dev/null))
	@[ -s $@ ] || echo '""' > $@

.PHONY: objects
objects: $(OBJECTS)

CONSOLE_TEXTS := $(patsubst src/admin/console/%,$(GENERATED)/admin/%.inc,$(wildcard src/admin/console/*)) \
	$(GENERATED)/admin/dygraph.js.inc $(GENERATED)/admin/dygraph.css.inc

$(OUT)/obj/cluster/scripts.o: $(SCRIPT_TEXTS)
$(OUT)/obj/admin/console.o: $(CONSOLE_TEXTS)

.PHONY: generated
generated: $(SCRIPT_TEXTS) $(CONSOLE_TEXTS)

$(OUT)/libreverb.a: $(OBJECTS)
	@rm -f $@
	$(call say,AR,$@)
	$(SHOWN)ar rcs $@ $^

$(OUT)/unit/%_test: tests/unit/%_test.c $(OUT)/libreverb.a
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(SHOWN)$(CC) $(CFLAGS) -Itests -o $@ $< $(INSTEAD) $(OUT)/libreverb.a $(LDFLAGS) $(LDLIBS) -lcmocka

# What reads bytes from outside, compiled so that each step it takes is seen by the test.
COUNTED := $(patsubst src/%.c,$(OUT)/counted/%.o,\
	$(wildcard src/base/*.c src/http/*.c src/api/*.c src/ws/*.c src/pusher/*.c))
SEEN_CALLS := memcpy memmove memset memchr memcmp memmem strlen malloc calloc realloc

$(OUT)/counted/%.o: src/%.c Makefile | dependencies
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(SHOWN)$(CC) $(CFLAGS) -U_FORTIFY_SOURCE -fno-builtin -fsanitize-coverage=trace-pc -c -o $@ $<

$(OUT)/unit/api/work_test: $(COUNTED)
$(OUT)/unit/api/work_test: INSTEAD := $(COUNTED)
$(OUT)/unit/api/work_test: override LDFLAGS += $(SEEN_CALLS:%=-Wl,--wrap=%)

# Lookups are counted.
$(OUT)/unit/pusher/publish_test: override LDFLAGS += -Wl,--wrap=channel_registry_find

$(OUT)/replay/%: fuzz/%_fuzz.c fuzz/replay_main.c $(OUT)/libreverb.a
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(SHOWN)$(CC) $(CFLAGS) -Itests -o $@ $< fuzz/replay_main.c $(OUT)/libreverb.a $(LDFLAGS) $(LDLIBS)

$(OUT)/fuzz/%: fuzz/%_fuzz.c $(OUT)/libreverb.a
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(SHOWN)$(CC) $(CFLAGS) -Itests -o $@ $< $(OUT)/libreverb.a $(LDFLAGS) -fsanitize=fuzzer $(LDLIBS)

$(OUT)/bench/%: bench/%.c $(OUT)/libreverb.a
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(SHOWN)$(CC) $(CFLAGS) -o $@ $< $(OUT)/libreverb.a $(LDFLAGS) $(LDLIBS)

# With what io_uring does, where there is liburing.
$(OUT)/bench/floor: bench/floor.c bench/floor_uring.c bench/floor.h $(OUT)/libreverb.a
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(SHOWN)$(CC) $(CFLAGS) -o $@ $(filter %.c,$^) $(OUT)/libreverb.a $(LDFLAGS) $(LDLIBS)

.PHONY: dependencies
dependencies:
	@tools/check-dependencies

-include $(OBJECTS:.o=.d) $(MAIN:.o=.d) $(COUNTED:.o=.d) $(UNIT_BINARIES:=.d)
