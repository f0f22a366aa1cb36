# Reverb in C: build, run, test. `make help` lists what there is.

BUILD ?= build
SAN ?=
PREFIX ?= /usr/local
CC ?= cc

empty :=
comma := ,
DEPENDENCIES := libuv openssl jansson zlib
TEST_DEPENDENCIES := cmocka

# Each kind of sanitizer builds into a folder of its own, so that none disturbs the other.
OUT := $(BUILD)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
HARDENING := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu17 -D_GNU_SOURCE $(WARNINGS) $(HARDENING) -Isrc -MMD -MP \
	$(shell pkg-config --cflags $(DEPENDENCIES) 2>/dev/null) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1)
override LDFLAGS += -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN))
LDLIBS := $(shell pkg-config --libs $(DEPENDENCIES) 2>/dev/null) -lhttp_parser -lpthread

SOURCES := $(sort $(wildcard src/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(OUT)/obj/%.o)
MAIN := $(OUT)/obj/main.o

UNIT_TESTS := $(sort $(wildcard tests/unit/*/*_test.c))
UNIT_BINARIES := $(UNIT_TESTS:tests/unit/%.c=$(OUT)/unit/%)

.DEFAULT_GOAL := build

.PHONY: build
build: $(OUT)/reverb ## build the server: build/reverb

$(OUT)/reverb: $(MAIN) $(OBJECTS)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/obj/%.o: src/%.c | dependencies
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(OUT)/libreverb.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(OUT)/unit/%_test: tests/unit/%_test.c $(OUT)/libreverb.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Itests -o $@ $< $(OUT)/libreverb.a $(LDFLAGS) $(LDLIBS) -lcmocka

.PHONY: unit
unit: $(UNIT_BINARIES)
	@tools/run-unit-tests $(UNIT_BINARIES)

.PHONY: dependencies
dependencies:
	@tools/check-dependencies

-include $(OBJECTS:.o=.d) $(MAIN:.o=.d)
