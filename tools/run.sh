#!/bin/sh
# Builds and opens Orrery. Unless a server is named, a local one and an echo contact are started beside it; both end
# with the window, and both are kept in the cache folder, so that the same echo is there the next time.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"

case ${1:-} in
  -h|--help)
    cat <<'TEXT'
./dev run [--server URL] [--profile DIR] [OPTIONS OF orrery]

Builds and opens Orrery. Without --server a local server and an echo contact are started for it.
Without a display the same scene is played headless by ./dev demo.
TEXT
    exit 0 ;;
esac

if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "$(uname -s)" = Linux ]; then
  say "There is no display here, so no window can open. Instead, two complete clients will talk to each other on"
  say "displays that exist only in memory, and leave pictures and a report."
  exec sh "$ROOT/tools/demo.sh" --out "$ROOT/out/demo"
fi

setup_run
say "Building (the first time takes about a quarter of an hour)."
cargo build -q --locked --workspace --bins
bin=$CARGO_TARGET_DIR/debug

for argument in "$@"; do
  case $argument in --server|--server=*) exec "$bin/orrery" "$@" ;; esac
done

home=$ORRERY_CACHE/run
mkdir -p "$home"
chmod 700 "$home"
server_pid= echo_pid=
ended() {
  trap - EXIT INT TERM
  for pid in $echo_pid $server_pid; do kill "$pid" 2>/dev/null || true; done
  for pid in $echo_pid $server_pid; do wait "$pid" 2>/dev/null || true; done
}
trap ended EXIT
trap 'ended; exit 130' INT TERM

# The port is drawn once and kept, so that links made yesterday still lead here.
[ -s "$home/port" ] || shuf -i 20000-29999 -n 1 > "$home/port"
url=ws://127.0.0.1:$(cat "$home/port")

# wait_for_line FILE PATTERN PID: until the line is there or the process is gone.
wait_for_line() {
  until grep -q "$2" "$1" 2>/dev/null; do
    kill -0 "$3" 2>/dev/null || return 1
    read -t 1 _ <&9 2>/dev/null || true
  done
}
# A pipe nobody writes to: reading it with a limit is a wait without a busy loop.
rm -f "$home/quiet"; mkfifo "$home/quiet"; exec 9<>"$home/quiet"; rm -f "$home/quiet"

"$bin/orrery-server" --listen "${url#ws://}" --data "$home/server" > "$home/server.out" 2> "$home/server.log" &
server_pid=$!
if ! wait_for_line "$home/server.out" '^listening' "$server_pid"; then
  tail -n 3 "$home/server.log" >&2
  die "The local server did not start. If another './dev run' is open, use that window; else remove $home/port and try again."
fi

[ -s "$home/echo.pass" ] || (umask 077; od -An -tx1 -N24 /dev/urandom | tr -d ' \n' > "$home/echo.pass")
rm -f "$home/echo.in"; mkfifo "$home/echo.in"; exec 8<>"$home/echo.in"; rm -f "$home/echo.in"
"$bin/orrery-headless" --profile "$home/echo" --passphrase-file "$home/echo.pass" --server "$url" --name Echo --echo \
  <&8 > "$home/echo.out" 2> "$home/echo.log" 8>&- 9>&- &
echo_pid=$!
welcome=
if wait_for_line "$home/echo.out" '"phase":"open"' "$echo_pid"; then
  echo '{"type":"create_invite"}' >&8
  wait_for_line "$home/echo.out" '"invite_created"' "$echo_pid" &&
    welcome=$(sed -n 's/.*"invite_created".*"link":"\([^"]*\)".*/\1/p' "$home/echo.out" | tail -n 1)
fi
[ -n "$welcome" ] || say "The echo contact did not start (see $home/echo.log); everything else works."

say "Server $url is yours and runs as long as the window. Echo says back what you write and say."
set -- --server "$url" "$@"
[ -n "$welcome" ] && set -- --welcome "$welcome" "$@"
"$bin/orrery" "$@" 8>&- 9>&-
