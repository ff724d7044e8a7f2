#!/bin/sh
# Go 1.21 or later compiles for WASI by itself: sh build.sh [PROGRAM.wasm]
set -eu
program=$(realpath -m "${1:-target/hello.wasm}")
mkdir -p "$(dirname "$program")"
cd "$(dirname "$0")"
GOOS=wasip1 GOARCH=wasm go build -trimpath -ldflags='-s -w' -o "$program" .
