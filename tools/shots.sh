#!/bin/sh
# A picture of every screen and state, by the real window.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
out=$ROOT/out/shots
while [ $# -gt 0 ]; do
  option --out "$@"
  case $taken:$1 in
    0:-h|0:--help) echo "./dev shots [--out DIR]   pictures in DIR, out/shots when absent"; exit 0 ;;
    0:*) die "./dev shots knows --out DIR, not '$1'" ;;
  esac
  out=$(from_caller "$value"); shift "$taken"
done
setup_demo
say "Building (the first time takes about a quarter of an hour)."
cargo build --locked --workspace --bins

fifo=$(mktemp -u); mkfifo "$fifo"
display_pid= manager_pid= window_pid=
close() {
  for pid in $window_pid $manager_pid $display_pid; do kill "$pid" 2>/dev/null || true; done
  for pid in $window_pid $manager_pid $display_pid; do wait "$pid" 2>/dev/null || true; done
  display_pid= manager_pid= window_pid=
}
trap 'close; rm -f "$fifo"' EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM

# On a display of its own, so that nothing on yours is in the way and every machine draws the same.
for size in 1280x720 2560x1440; do
  # Without -noreset it begins anew whenever nobody is connected, and who comes in that moment is turned away.
  Xvfb -displayfd 7 -screen 0 "${size}x24" -nolisten tcp -noreset 7>"$fifo" >/dev/null 2>&1 &
  display_pid=$!
  read -r number < "$fifo" || die "Xvfb did not start"
  mkdir -p "$out/$size"
  DISPLAY=:$number openbox >/dev/null 2>&1 &
  manager_pid=$!
  DISPLAY=:$number WAYLAND_DISPLAY='' "$CARGO_TARGET_DIR/debug/orrery" --shots "$out/$size" --size "$size" &
  window_pid=$!
  wait "$window_pid" || die "the window could not show its screens at $size"
  window_pid=
  close
done
say "Pictures are in $out"
