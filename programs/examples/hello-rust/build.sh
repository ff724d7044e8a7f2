#!/bin/sh
# Rust compiles for WASI by itself, once `rustup target add wasm32-wasip1` has run:
# sh build.sh [PROGRAM.wasm]
set -eu
program=$(realpath -m "${1:-target/hello.wasm}")
mkdir -p "$(dirname "$program")"
cd "$(dirname "$0")"
cargo build --release --target wasm32-wasip1 --target-dir target
cp target/wasm32-wasip1/release/hello-rust.wasm "$program"
