#!/bin/sh
# Changes the code of key derivation, of ratchets and of commits in every way cargo-mutants knows, and runs that package's
# tests against each change. A change that no test notices is either given one or stands in docs/MUTANTS.md with its reason.
# Which files, and which changes are passed over because they change nothing: .cargo/mutants.toml.
set -eu
. "$ROOT/tools/say.sh"; . "$ROOT/tools/setup.sh"
packages="orrery-crypto orrery-store orrery-core"
case ${1:-} in
  -h|--help) echo "./dev mutants [PACKAGE] [OPTIONS OF cargo mutants]   hours for all of: $packages"; exit 0 ;;
  orrery-*) packages=$1; shift ;;
esac
setup_build
if ! cargo mutants --version >/dev/null 2>&1; then
  say "cargo-mutants is missing and will be built (a few minutes)"
  cargo install --locked cargo-mutants
fi
# Each run builds in a copy of its own; the shared folder of builds would be built over by changed code.
unset CARGO_TARGET_DIR
failed=
for package in $packages; do
  say "$package"
  cargo mutants --package "$package" --output "$ROOT/out/mutants/$package" "$@" || failed="$failed $package"
done
[ -z "$failed" ] || die "not all changes were noticed; see out/mutants in:$failed"
say "every change was noticed"
