#!/bin/sh
# A picture of every screen and state, by the real window.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
out=$ROOT/out/shots
while [ $# -gt 0 ]; do
  case $1 in
    --out) [ $# -ge 2 ] || die "--out wants a folder"; out=$2; shift 2 ;;
    -h|--help) echo "./dev shots [--out DIR]   pictures in DIR, out/shots when absent"; exit 0 ;;
    *) die "./dev shots knows --out DIR, not '$1'" ;;
  esac
done
setup_demo
say "Building (the first time takes about a quarter of an hour)."
cargo build -q --locked --workspace --bins

# On a display of its own, so that nothing on yours is in the way and every machine draws the same.
fifo=$(mktemp -u); mkfifo "$fifo"
for size in 1280x720 2560x1440; do
  Xvfb -displayfd 7 -screen 0 "${size}x24" -nolisten tcp 7>"$fifo" >/dev/null 2>&1 &
  display_pid=$!
  read -r number < "$fifo"
  mkdir -p "$out/$size"
  DISPLAY=:$number openbox >/dev/null 2>&1 &
  manager_pid=$!
  status=0
  DISPLAY=:$number WAYLAND_DISPLAY='' "$CARGO_TARGET_DIR/debug/orrery" --shots "$out/$size" --size "$size" || status=$?
  kill "$manager_pid" 2>/dev/null || true
  kill "$display_pid" 2>/dev/null || true
  wait "$display_pid" 2>/dev/null || true
  [ "$status" = 0 ] || { rm -f "$fifo"; die "the window could not show its screens at $size"; }
done
rm -f "$fifo"
say "Pictures are in $out"
