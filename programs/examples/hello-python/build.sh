#!/bin/sh
# componentize-py, `pip install componentize-py`, puts CPython and the program into one component:
# sh build.sh [PROGRAM.wasm]
set -eu
program=$(realpath -m "${1:-target/hello.wasm}")
mkdir -p "$(dirname "$program")"
cd "$(dirname "$0")"
componentize-py --quiet --wit-path wit --world program componentize app --output "$program"
