#!/bin/sh
# componentize-js, `npm install`, puts SpiderMonkey and the program into one component:
# sh build.sh [PROGRAM.wasm]
set -eu
program=$(realpath -m "${1:-target/hello.wasm}")
mkdir -p "$(dirname "$program")"
cd "$(dirname "$0")"
PATH="$PWD/node_modules/.bin:$PATH"
componentize-js app.js --wit wit --world-name program --disable http --disable fetch-event --out "$program"
