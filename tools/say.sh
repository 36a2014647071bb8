# Words to the person at the terminal. Sourced.
say() { printf '\033[36m•\033[0m %s\n' "$*"; }
say_error() { printf '\033[31m✗\033[0m %s\n' "$*" >&2; }
die() { say_error "$@"; exit 1; }
# skipped WHAT WHY: says it, and counts it where something counts.
skipped() {
  say "SKIPPED: $1 ($2)"
  [ -z "${ORRERY_SKIPS:-}" ] || printf '%s: %s\n' "$1" "$2" >> "$ORRERY_SKIPS"
}
# from_caller PATH: the path as the caller meant it, whatever folder we work in.
from_caller() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$CALLER/$1" ;; esac; }
# option NAME "$@": for `--name VALUE` and `--name=VALUE`; sets $value, and $taken to the words it used (0 when it is another option).
option() {
  wanted=$1; shift
  case ${1:-} in
    "$wanted="*) value=${1#*=}; taken=1 ;;
    "$wanted") [ $# -ge 2 ] || die "$wanted wants a value"; value=$2; taken=2 ;;
    *) value=; taken=0 ;;
  esac
}
[ -t 1 ] || { say() { printf '• %s\n' "$*"; }; }
[ -t 2 ] || { say_error() { printf '✗ %s\n' "$*" >&2; }; }
