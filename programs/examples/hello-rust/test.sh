#!/bin/sh
# Runs the program as an isolate would, on the example's data, and compares what it says:
# sh test.sh [PROGRAM.wasm]
set -eu
folder=$(dirname "$0")
program=${1:-target/hello.wasm}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/output"
veracruz exec "$program" --dir "$folder/data:/input" --dir "$scratch/output:/output"
if [ "$(tr -d ' \n' < "$scratch/output/summary.json")" != "$(tr -d ' \n' < "$folder/data/expected.json")" ]; then
    echo "expected $(cat "$folder/data/expected.json"), found $(cat "$scratch/output/summary.json")" >&2
    exit 1
fi
echo "as expected: $(cat "$scratch/output/summary.json")"
