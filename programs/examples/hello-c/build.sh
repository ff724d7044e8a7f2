#!/bin/sh
# clang with the C library for WASI (Debian: `apt install clang lld wasi-libc libclang-rt-14-dev-wasm32`,
# with the number of your clang): sh build.sh [PROGRAM.wasm]
set -eu
program=$(realpath -m "${1:-target/hello.wasm}")
mkdir -p "$(dirname "$program")"
cd "$(dirname "$0")"
${CC:-clang} --target=wasm32-wasi -O2 -s -Wall -Wextra -Werror -o "$program" hello.c
