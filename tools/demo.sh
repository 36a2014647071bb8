#!/bin/sh
# Two complete clients on displays and sound devices of their own, worked by keyboard and pointer.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
out=$ROOT/out/demo
while [ $# -gt 0 ]; do
  option --out "$@"
  case $taken:$1 in
    0:-h|0:--help) echo "./dev demo [--out DIR]   pictures and report.json in DIR, out/demo when absent"; exit 0 ;;
    0:*) die "./dev demo knows --out DIR, not '$1'" ;;
  esac
  out=$(from_caller "$value"); shift "$taken"
done
setup_demo
say "Building (the first time takes about a quarter of an hour)."
cargo build --locked --workspace --bins

venv=$ORRERY_CACHE/demo-venv
wanted=$(cksum < "$ROOT/tests/demo/requirements.txt")
if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$wanted" ]; then
  say "Setting up what measures the sound (numpy, scipy, pystoi)."
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$ROOT/tests/demo/requirements.txt"
  printf '%s' "$wanted" > "$venv/.installed"
fi
mkdir -p "$out"
say "Playing: it takes about two minutes."
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" "$ROOT/tests/demo/demo.py" --bin "$CARGO_TARGET_DIR/debug" --out "$out"
say "Pictures and report.json are in $out"
