# What a machine needs, and how it gets it. Sourced by everything.

# Debian and Ubuntu names. The libraries are what Bevy's window and cpal link; Opus needs cmake, the vendored OpenSSL perl.
BUILD_PACKAGES="ca-certificates curl git gcc g++ make cmake perl pkg-config python3 libasound2-dev libudev-dev libwayland-dev libxkbcommon-dev"
WINDOW_PACKAGES="libx11-6 libxcursor1 libxi6 libxrandr2 libxcb1 libxkbcommon0 libxkbcommon-x11-0 libwayland-client0 libvulkan1 mesa-vulkan-drivers"
DEMO_PACKAGES="$WINDOW_PACKAGES xvfb openbox xdotool xclip x11-utils pulseaudio pulseaudio-utils espeak-ng dbus-x11 imagemagick fonts-noto-cjk"
TEST_PACKAGES="$DEMO_PACKAGES python3-venv"
RUST_WANTED=1.95

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else return 127; fi
}

missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

# need_packages WHAT PACKAGE...: installs what is missing by apt, else prints what to install.
need_packages() {
  purpose=$1; shift
  if ! have apt-get || ! have dpkg-query; then
    [ -n "${ORRERY_SAID_PACKAGES:-}" ] && return 0
    ORRERY_SAID_PACKAGES=1
    say "No apt here. To $purpose, Orrery needs the equivalents of these Debian packages:"
    printf '    %s\n' "$*"
    return 0
  fi
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  say "To $purpose, these are missing and will be installed: $missing"
  log=$(mktemp)
  if as_root env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update && apt-get install -y --no-install-recommends $missing" >"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 15 "$log" >&2
    rm -f "$log"
    die "apt could not install them. Try it by hand: apt-get update && apt-get install $missing"
  fi
}

rust_is_new_enough() {
  have rustc && have cargo || return 1
  found=$(rustc --version 2>/dev/null | sed 's/^rustc \([0-9]*\)\.\([0-9]*\).*/\1 \2/')
  major=${found% *}; minor=${found#* }
  [ "$major" -gt 1 ] 2>/dev/null || { [ "$major" = 1 ] && [ "$minor" -ge "${RUST_WANTED#1.}" ]; } 2>/dev/null
}

need_rust() {
  rust_is_new_enough && return 0
  if have rustup; then
    say "Rust $RUST_WANTED or newer is missing; asking rustup for it."
    rustup toolchain install stable --profile minimal --component clippy,rustfmt >&2 && rustup default stable >&2
  elif have curl; then
    say "Rust is missing; installing it with rustup into your home folder."
    installer=$(mktemp)
    if curl --proto '=https' --tlsv1.2 -fsS --max-time 60 https://sh.rustup.rs -o "$installer"; then
      sh "$installer" -y --profile minimal --component clippy,rustfmt --no-modify-path >&2 || true
    fi
    rm -f "$installer"
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"; export PATH
  fi
  rust_is_new_enough || die "Orrery needs Rust $RUST_WANTED or newer. Install it from https://rustup.rs (one command), then run this again."
}

setup_build() { need_packages "build Orrery" $BUILD_PACKAGES; need_rust; }
setup_run() { setup_build; need_packages "open its window" $WINDOW_PACKAGES; }
setup_demo() { setup_build; need_packages "play a scene with two windows" $DEMO_PACKAGES; }
setup_test() { setup_build; need_packages "run every test" $TEST_PACKAGES; }

setup_all() {
  case ${1:-test} in
    run) setup_run ;;
    demo) setup_demo ;;
    test) setup_test ;;
    *) die "setup knows run, demo and test" ;;
  esac
  say "Everything is there. $(rustc --version)"
}
