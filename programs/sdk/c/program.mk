# Builds one program from C or C++ for WASI. In a program's Makefile:
#
#     PROGRAM = hello
#     include ../../sdk/c/program.mk
#
# takes all .c and .cpp files beside it. Wants clang, lld and WASI's C library; on Debian:
# apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32
# (and libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 for C++).

SDK := $(dir $(lastword $(MAKEFILE_LIST)))
CLANG ?= $(firstword $(foreach name,clang-19 clang clang-18 clang-16 clang-14,$(if $(shell command -v $(name)),$(name))))
BUILD ?= build

# Reproducible: no paths of this machine. C++ without exceptions, which WASI has none of.
FLAGS = --target=wasm32-wasi -O2 -msimd128 -Wall -Wextra -Werror -ffile-prefix-map=$(CURDIR)=. \
        -I$(SDK)include -Wl,--strip-all
SOURCES_C := $(wildcard *.c)
SOURCES_CPP := $(wildcard *.cpp)

$(BUILD)/$(PROGRAM).wasm: $(SOURCES_C) $(SOURCES_CPP) $(SDK)include/veracruz.h
	mkdir -p $(BUILD)
ifeq ($(SOURCES_CPP),)
	$(CLANG) $(FLAGS) -std=gnu17 $(CFLAGS) $(SOURCES_C) -o $@
else
	$(CLANG) --driver-mode=g++ $(FLAGS) -std=gnu++17 -fno-exceptions \
	    $(CXXFLAGS) $(SOURCES_CPP) $(SOURCES_C) -o $@
endif

.PHONY: clean
clean:
	rm -rf $(BUILD)
