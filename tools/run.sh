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

headless() {
  say "There is no display here, so no window can open. Instead, two complete clients will talk to each other on"
  say "displays that exist only in memory, and leave pictures and a report."
  exec sh "$ROOT/tools/demo.sh" --out "$ROOT/out/demo"
}
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "$(uname -s)" = Linux ]; then headless; fi

setup_run
say "Building (the first time takes about a quarter of an hour)."
cargo build --locked --workspace --bins
bin=$CARGO_TARGET_DIR/debug

server_pid= echo_pid= window_pid=
ended() {
  trap - EXIT HUP INT TERM
  for pid in $window_pid $echo_pid $server_pid; do kill "$pid" 2>/dev/null || true; done
  for pid in $window_pid $echo_pid $server_pid; do wait "$pid" 2>/dev/null || true; done
}
trap ended EXIT
# Also when the terminal is closed: nothing of this may outlive it.
trap 'ended; exit 129' HUP
trap 'ended; exit 130' INT
trap 'ended; exit 143' TERM

# window ARGS: opens it and waits for its end. In the background, because a shell that waits for a child in front of it
# hears no signal until that child is gone.
window() {
  (cd "$CALLER" && exec "$bin/orrery" "$@" 8>&- 9>&-) &
  window_pid=$!
  status=0
  wait "$window_pid" || status=$?
  window_pid=
  # A display is named and nobody answers there.
  [ "$status" != 3 ] || { ended; headless; }
  exit "$status"
}

for argument in "$@"; do
  case $argument in --server|--server=*) window "$@" ;; esac
done

home=$ORRERY_CACHE/run
mkdir -p "$home"
chmod 700 "$home"

# The port is drawn once and kept, so that links made yesterday still lead here.
[ -s "$home/port" ] || shuf -i 20000-29999 -n 1 > "$home/port"
url=ws://127.0.0.1:$(cat "$home/port")

# wait_for_line FILE PATTERN PID: until the line is there; fails when the process is gone or a minute is over.
wait_for_line() {
  tries=600
  until grep -q "$2" "$1" 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] && kill -0 "$3" 2>/dev/null || return 1
    sleep 0.1
  done
}

# Emptied here, not only by the programs: what an earlier run wrote must not be taken for theirs.
: > "$home/server.out"; : > "$home/echo.out"
"$bin/orrery-server" --listen "${url#ws://}" --data "$home/server" >> "$home/server.out" 2> "$home/server.log" &
server_pid=$!
if ! wait_for_line "$home/server.out" '^listening' "$server_pid"; then
  tail -n 3 "$home/server.log" >&2
  die "The local server did not start. If another './dev run' is open, use that window; else remove $home/port and try again."
fi

[ -s "$home/echo.pass" ] || (umask 077; od -An -tx1 -N24 /dev/urandom | tr -d ' \n' > "$home/echo.pass")
# Of what the echo tells, only what is waited for here is kept: the rest holds what was written to it, in plain words.
rm -f "$home/echo.in" "$home/echo.told"; mkfifo -m 600 "$home/echo.in" "$home/echo.told"
grep --line-buffered -E '"type":"(profile_changed|invite_created)"' < "$home/echo.told" >> "$home/echo.out" 8>&- 9>&- &
exec 8<>"$home/echo.in" 9<>"$home/echo.told"
rm -f "$home/echo.in"
"$bin/orrery-headless" --profile "$home/echo" --passphrase-file "$home/echo.pass" --server "$url" --name Echo --echo \
  <&8 >&9 2> "$home/echo.log" 8>&- 9>&- &
echo_pid=$!
exec 9>&-
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
window "$@"
