#!/bin/sh
# Voice beside Mumble, Chromium and aiortc: mouth to ear, processor, set-up, quality over bad paths, echo, noise. About half an hour once it is
# built; nothing else should run meanwhile. BENCH_ONLY names the rows that are wanted, by their beginnings, with commas between.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
setup_bench
profile=${ORRERY_BENCH_PROFILE:-release}
say "Building the programs that are measured ($profile)."
cargo build -q --locked --profile "$profile" -p orrery-headless --features orrery-headless/device -p orrery-server
cargo build -q --locked --profile "$profile" -p orrery-media-peer
cargo build -q --locked --profile "$profile" -p orrery-voice --examples
programs=$CARGO_TARGET_DIR/$profile
[ "$profile" = dev ] && programs=$CARGO_TARGET_DIR/debug
PYTHONDONTWRITEBYTECODE=1 exec "$VOICE_VENV/bin/python" "$ROOT/tests/rig/bench.py" --programs "$programs" --out "$OUT" ${BENCH_ONLY:+--only "$BENCH_ONLY"}
