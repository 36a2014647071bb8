#!/bin/sh
# Searches for inputs that break a law of tests/laws, in every target or in one. What is found lies in out/fuzz/TARGET: mend
# the reader, and put the input into tests/fuzz/corpus/TARGET, where every test run tries it again.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
fuzz=$ROOT/tests/fuzz
targets=$(ls "$fuzz/fuzz_targets" | sed -n 's/\.rs$//p')
only=; seconds=60; grow=
for argument in "$@"; do
  case $argument in
    -h|--help)
      echo "./dev fuzz [TARGET] [SECONDS] [--keep]   60 seconds of each when absent; --keep adds what reaches new code to the corpus"
      echo "TARGET is one of:" $targets
      exit 0 ;;
    --keep) grow=1 ;;
    [0-9]*) seconds=$argument ;;
    *) only=$argument ;;
  esac
done
if [ -n "$only" ]; then
  case " $(echo $targets) " in *" $only "*) targets=$only ;; *) die "there is no target '$only'; there are:" $targets ;; esac
fi
setup_build
if ! cargo fuzz --version >/dev/null 2>&1; then
  say "cargo-fuzz is missing and will be built (a few minutes)"
  cargo install --locked cargo-fuzz
fi
# Its own builds, for its flags are nothing else's. The code is safe Rust and carries its own checks, so no sanitizer that
# would want a nightly compiler; the coverage flags that it needs are let through.
CARGO_TARGET_DIR=$CARGO_TARGET_DIR/fuzz
RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR RUSTC_BOOTSTRAP
cd "$fuzz"
failed=
for target in $targets; do
  found=$ROOT/out/fuzz/$target
  mkdir -p "$found" "$CARGO_TARGET_DIR/corpus/$target"
  say "$target for $seconds s"
  # New inputs go to the first folder, the corpus in the repository is only read.
  if ! cargo fuzz run --sanitizer none --codegen-units 4 --fuzz-dir . "$target" \
      "$CARGO_TARGET_DIR/corpus/$target" "$fuzz/corpus/$target" -- -artifact_prefix="$found/" -max_total_time="$seconds" \
      -max_len=131072 -len_control=20 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 2>"$found/log"; then
    say_error "$target: the law does not hold; see $found"
    failed="$failed $target"
  fi
  grep -E '^stat::number_of_executed_units|cov: [0-9]+' "$found/log" | tail -n 2 | sed 's/^/    /'
  if [ -n "$grow" ]; then sh "$ROOT/tools/fuzz-keep.sh" "$target"; fi
done
[ -z "$failed" ] || die "found something in:$failed"
say "no law was broken"
