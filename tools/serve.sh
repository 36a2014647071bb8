#!/bin/sh
# The signaling server alone.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
setup_build
cargo build -q -p orrery-server --bin orrery-server
case " $* " in
  *" --data "*|*" -h "*|*" --help "*) ;;
  *) mkdir -p "$ORRERY_CACHE/serve"; set -- --data "$ORRERY_CACHE/serve" "$@" ;;
esac
exec "$CARGO_TARGET_DIR/debug/orrery-server" "$@"
