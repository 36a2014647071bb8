#!/bin/sh
# The signaling server alone. Whatever it is told goes to `orrery-server`; its data stands in the cache unless --data says otherwise.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
setup_build
cargo build --locked --workspace --bins
data=$ORRERY_CACHE/serve
for argument in "$@"; do
  case $argument in --data|--data=*|-h|--help|-V|--version) data= ;; esac
done
[ -z "$data" ] || { mkdir -p "$data"; set -- --data "$data" "$@"; }
cd "$CALLER"
exec "$CARGO_TARGET_DIR/debug/orrery-server" "$@"
