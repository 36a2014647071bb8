#!/bin/sh
# The signaling server beside aiohttp, same client, same run.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
need_packages "run aiohttp beside it" python3 python3-venv
cargo build -q --locked --release -p orrery-server --bin orrery-server
venv=$ORRERY_CACHE/peers-venv
wanted=$(cksum < "$ROOT/tests/peers/requirements.txt")
if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$ROOT/tests/peers/requirements.txt"
  printf '%s' "$wanted" > "$venv/.installed"
fi
exec "$venv/bin/python" "$ROOT/tests/peers/signaling.py" --server "$CARGO_TARGET_DIR/release/orrery-server" --out "$OUT"
