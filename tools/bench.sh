#!/bin/sh
# Measures beside what people would use instead; prints the figures and writes DIR/NAME.json.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
names=$(ls "$ROOT/tools/bench" 2>/dev/null | sed -n 's/\.sh$//p' | tr '\n' ' ')
name=${1:-}
case " $names " in
  *" $name "*) [ -n "$name" ] && shift || die "name a bench: $names" ;;
  *) die "there is no bench '$name'; there are: $names" ;;
esac
out=$ROOT/out/bench
[ "${1:-}" = --out ] && { [ $# -ge 2 ] || die "--out wants a folder"; out=$2; }
mkdir -p "$out"
setup_build
OUT=$out exec sh "$ROOT/tools/bench/$name.sh"
