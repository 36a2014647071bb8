#!/bin/sh
# The ratchet beside vodozemac, the same work in one run.
set -eu
. "$ROOT/tools/say.sh"
CRITERION_HOME=$OUT/criterion
export CRITERION_HOME
exec cargo bench --locked --manifest-path "$ROOT/tests/bench-crypto/Cargo.toml" --bench crypto
