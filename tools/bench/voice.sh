#!/bin/sh
# Voice beside Mumble, Chromium and aiortc: mouth to ear, processor, set-up. About five minutes once it is built; nothing else should run meanwhile.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
setup_bench
profile=${ORRERY_BENCH_PROFILE:-release}
say "Building the programs that are measured ($profile)."
cargo build -q --locked --profile "$profile" -p orrery-headless --features orrery-headless/device -p orrery-server
programs=$CARGO_TARGET_DIR/$profile
[ "$profile" = dev ] && programs=$CARGO_TARGET_DIR/debug
# Quality over bad paths is measured by an example, where there is one.
trace=
if [ -e "$ROOT/systems/voice/examples/trace.rs" ]; then
  cargo build -q --locked --profile "$profile" -p orrery-voice --example trace
  trace=$programs/examples/trace
fi
PYTHONDONTWRITEBYTECODE=1 exec "$VOICE_VENV/bin/python" "$ROOT/tests/rig/bench.py" --programs "$programs" --out "$OUT" ${trace:+--trace "$trace"}
