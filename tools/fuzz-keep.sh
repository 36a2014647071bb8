#!/bin/sh
# fuzz-keep.sh TARGET: adds to a target's corpus the smallest new inputs that reach new code, as long as it stays small.
# Called by tools/fuzz.sh.
set -eu
target=$1
corpus=$ROOT/tests/fuzz/corpus/$target
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
# libFuzzer merges into its first folder what the others add to its coverage, the smallest first.
cp "$corpus"/* "$new"/
cargo fuzz run --sanitizer none --codegen-units 4 --fuzz-dir . "$target" "$new" "$CARGO_TARGET_DIR/corpus/$target" \
  -- -merge=1 -max_len=16384 -rss_limit_mb=2048 >/dev/null 2>&1 || true
count=$(ls "$corpus" | wc -l)
size=$(cat "$corpus"/* | wc -c)
for file in $(ls -Sr "$new"); do
  [ -e "$corpus/$file" ] && continue
  bytes=$(wc -c < "$new/$file")
  if [ "$count" -ge 64 ] || [ $((size + bytes)) -gt 200000 ]; then break; fi
  cp "$new/$file" "$corpus/$file"
  count=$((count + 1)); size=$((size + bytes))
done
printf '    %s: %s inputs, %s bytes\n' "$target" "$count" "$size"
