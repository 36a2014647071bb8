#!/bin/sh
# Everything that must pass. Green under plain `cargo test`; nextest and cargo-deny are used where they are.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
long=
for argument in "$@"; do
  case $argument in
    --long) long=1 ;;
    -h|--help) echo "./dev test [--long]   everything that must pass; --long kills, restarts and compares far more often"; exit 0 ;;
    *) die "./dev test knows --long, not '$argument'" ;;
  esac
done
# What could not be tested here: a line each, from this script and from tests; all of them are repeated at the end.
ORRERY_SKIPS=$(mktemp)
export ORRERY_SKIPS
trap 'rm -f "$ORRERY_SKIPS"' EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM

setup_test
need_rust_tools
# The lint table of Cargo.toml, as refusals.
FORBIDDEN=$(sed -n '/^\[workspace.lints.rust\]/,/^\[profile/{s/^\([a-z_]*\) = .*/\1/p;/^\[workspace.lints.clippy\]/s/.*/clippy/p}' Cargo.toml |
  { prefix=; while read -r lint; do case $lint in clippy) prefix=clippy:: ;; *) printf -- '-D %s%s ' "$prefix" "$lint" ;; esac; done; })
started=$(date +%s)
step() { say "$(( $(date +%s) - started )) s: $*"; }

if cargo fmt --version >/dev/null 2>&1; then
  step "formatting"
  cargo fmt --all --check
fi

step "building everything that is tested (about half an hour on two cores the first time)"
cargo test --workspace --locked --no-run

# python_of NAME REQUIREMENTS: sets $python to a Python of its own with these packages, to nothing where they cannot be had. The tests
# that want it say so then, and are counted.
python_of() {
  venv="$ORRERY_CACHE/$1-venv"
  wanted=$(cksum < "$2")
  if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$wanted" ]; then
    step "setting up Python packages for tests ($2)"
    rm -rf "$venv"
    if python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check -r "$2"; then
      printf '%s' "$wanted" > "$venv/.installed"
    else
      say "they are not to be had"
    fi
  fi
  python=
  if [ -e "$venv/.installed" ]; then python="$venv/bin/python"; fi
}
# The oracle that the cryptography is held against, and another WebRTC stack to call.
python_of interop tests/interop/requirements.txt
ORRERY_INTEROP_PYTHON=$python
python_of peers tests/peers/interop.txt
ORRERY_PEERS_PYTHON=$python
export ORRERY_INTEROP_PYTHON ORRERY_PEERS_PYTHON

[ -n "$long" ] && { ORRERY_LONG=1 ORRERY_KILL_ROUNDS=1000 ORRERY_INTEROP_OPS=100000; export ORRERY_LONG ORRERY_KILL_ROUNDS ORRERY_INTEROP_OPS; }
export INSTA_UPDATE=no

if cargo clippy --version >/dev/null 2>&1; then
  step "lints"
  case $(rustc --version) in
    "rustc $RUST_WANTED."*) cargo clippy --workspace --all-targets --locked -- -D warnings ;;
    # A later compiler knows lints that this code has never met; they are advice. What this project forbids itself is not.
    *) cargo clippy --workspace --all-targets --locked -- $FORBIDDEN ;;
  esac
fi

step "tests"
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --locked --no-fail-fast
  cargo test --workspace --locked --doc -q
else
  cargo test --workspace --locked --no-fail-fast
fi

if cargo deny --version >/dev/null 2>&1; then
  step "licences, bans and sources (cargo-deny)"
  cargo deny --locked check bans licenses sources
  if cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --locked check advisories
  else
    say "advisories: NOT CHECKED (their database cannot be fetched from here)"
  fi
else
  say "advisories: NOT CHECKED (no cargo-deny here; licences, bans and sources of what is built on Linux were checked by the tests)"
fi
count=$(wc -l < "$ORRERY_SKIPS" | tr -d ' ')
if [ "$count" -gt 0 ]; then
  say "$count not run here:"
  sed 's/^/    /' "$ORRERY_SKIPS"
fi
step "all is well"
