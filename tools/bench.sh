#!/bin/sh
# Measures beside what people would use instead; prints the figures and writes DIR/NAME.json.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
names=$(ls "$ROOT/tools/bench" 2>/dev/null | sed -n 's/\.sh$//p' | tr '\n' ' ')
name=${1:-}
case $name in
  -h|--help) echo "./dev bench NAME [--out DIR]   NAME is one of: $names"; echo "Prints the figures and writes DIR/NAME.json, out/bench when absent."; exit 0 ;;
  '') die "name a bench: $names" ;;
esac
case " $names " in
  *" $name "*) shift ;;
  *) die "there is no bench '$name'; there are: $names" ;;
esac
out=$ROOT/out/bench
while [ $# -gt 0 ]; do
  option --out "$@"
  [ "$taken" -gt 0 ] || die "./dev bench knows --out DIR, not '$1'"
  out=$(from_caller "$value"); shift "$taken"
done
mkdir -p "$out"
setup_build
OUT=$out exec sh "$ROOT/tools/bench/$name.sh"
