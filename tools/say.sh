# Words to the person at the terminal. Sourced.
say() { printf '\033[36m•\033[0m %s\n' "$*"; }
say_error() { printf '\033[31m✗\033[0m %s\n' "$*" >&2; }
die() { say_error "$@"; exit 1; }
[ -t 1 ] || { say() { printf '• %s\n' "$*"; }; }
[ -t 2 ] || { say_error() { printf '✗ %s\n' "$*" >&2; }; }
