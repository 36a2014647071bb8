# What a machine needs, and how it gets it. Sourced by everything.

# Debian and Ubuntu names. The libraries are what Bevy's window and cpal link; Opus needs cmake, the vendored OpenSSL perl.
BUILD_PACKAGES="ca-certificates curl git gcc g++ make cmake perl pkg-config python3 libasound2-dev libudev-dev libwayland-dev libxkbcommon-dev"
WINDOW_PACKAGES="libx11-6 libxcursor1 libxi6 libxrandr2 libxcb1 libxkbcommon0 libxkbcommon-x11-0 libwayland-client0 libvulkan1 mesa-vulkan-drivers"
DEMO_PACKAGES="$WINDOW_PACKAGES xvfb openbox xdotool xclip x11-utils pulseaudio-utils espeak-ng dbus-x11 imagemagick fonts-noto-cjk python3 python3-venv"
RIVAL_PACKAGES="chromium mumble mumble-server dbus-x11 xvfb openbox xdotool"
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
    case " ${ORRERY_SAID_PACKAGES:-} " in *" $* "*) return 0 ;; esac
    ORRERY_SAID_PACKAGES="${ORRERY_SAID_PACKAGES:-} $*"
    say "No apt here. To $purpose, Orrery needs the equivalents of these Debian packages:"
    printf '    %s\n' "$*"
    return 0
  fi
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  say "To $purpose, these are missing and will be installed: $missing"
  log=$(mktemp)
  if apt_install $missing >"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 15 "$log" >&2
    rm -f "$log"
    die "apt could not install them. Try it by hand: apt-get update && apt-get install $missing"
  fi
}

# The same for what a few tests can do without: they are counted as not run then.
want_packages() { ( need_packages "$@" ) || true; }

# Nothing that is there is taken away for it: a desktop must not lose its own sound or windows to a build.
apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --no-remove "$@"
}

# PulseAudio, of which the demo and the device tests start servers of their own. Where PipeWire is the desktop's sound, the
# package would push that out; then its files are unpacked into the cache and used from there.
need_pulseaudio() {
  [ -x "$ORRERY_CACHE/pulseaudio/pulseaudio" ] && PATH="$ORRERY_CACHE/pulseaudio:$PATH"
  export PATH
  have pulseaudio && return 0
  have apt-get || { need_packages "play and measure sound" pulseaudio; return 0; }
  say "To play and measure sound, these are missing and will be installed: pulseaudio"
  log=$(mktemp)
  if apt_install pulseaudio >"$log" 2>&1; then
    rm -f "$log"
    return 0
  fi
  say "That would remove the sound server of your desktop; a copy for Orrery alone goes into $ORRERY_CACHE/pulseaudio"
  rm -rf "$ORRERY_CACHE/pulseaudio"
  mkdir -p "$ORRERY_CACHE/pulseaudio"
  needed=$(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances pulseaudio |
    sed -n 's/^ *Depends: \([a-z0-9][^<>]*\)$/\1/p')
  if ( apt_install $needed && cd "$ORRERY_CACHE/pulseaudio" && apt-get download pulseaudio && dpkg -x ./*.deb . ) >>"$log" 2>&1; then
    modules=$(find "$ORRERY_CACHE/pulseaudio/usr/lib" -type d -name modules | head -n 1)
    core=$(find "$ORRERY_CACHE/pulseaudio/usr/lib" -name 'libpulsecore-*.so' | head -n 1)
    common=$(find /usr/lib -name 'libpulsecommon-*.so' 2>/dev/null | head -n 1)
    cat > "$ORRERY_CACHE/pulseaudio/pulseaudio" <<TEXT
#!/bin/sh
LD_LIBRARY_PATH="$(dirname "${core:-/}"):$(dirname "${common:-/}"):$modules\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$ORRERY_CACHE/pulseaudio/usr/bin/pulseaudio" --dl-search-path="$modules" "\$@"
TEXT
    chmod +x "$ORRERY_CACHE/pulseaudio/pulseaudio"
    PATH="$ORRERY_CACHE/pulseaudio:$PATH"
    rm -f "$log"
  else
    tail -n 15 "$log" >&2
    rm -f "$log"
    die "PulseAudio could not be had. Install it by hand, if your desktop can do without its present sound server."
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
    say "Rust $RUST_WANTED or newer is missing; installing it with rustup into your home folder."
    installer=$(mktemp)
    if curl --proto '=https' --tlsv1.2 -fsS --max-time 60 https://sh.rustup.rs -o "$installer"; then
      sh "$installer" -y --profile minimal --component clippy,rustfmt --no-modify-path >&2 || true
    fi
    rm -f "$installer"
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"; export PATH
  fi
  rust_is_new_enough || die "Orrery needs Rust $RUST_WANTED or newer. Install it from https://rustup.rs (one command), then run this again."
}

# need_rust_tools: formatting and lints, which a minimal toolchain lacks. Says what is skipped where they cannot be had.
need_rust_tools() {
  for pair in fmt:rustfmt clippy:clippy; do
    cargo "${pair%:*}" --version >/dev/null 2>&1 && continue
    have rustup && rustup component add "${pair#*:}" >&2 && continue
    skipped "cargo ${pair%:*}" "this Rust toolchain has no ${pair#*:}"
  done
}

# own_target: several copies of this project may share one target folder, and Cargo tells them apart by the age of their files alone:
# it would take what another copy built after your last change for yours. A copy that did not build last looks changed.
own_target() {
  stamp=$CARGO_TARGET_DIR/.built-from
  [ "$(cat "$stamp" 2>/dev/null)" = "$ROOT" ] && return
  find "$ROOT/client" "$ROOT/systems" "$ROOT/server" "$ROOT/shaders" "$ROOT/tests" -name '*.rs' -exec touch -c {} +
  mkdir -p "$CARGO_TARGET_DIR"
  printf '%s' "$ROOT" > "$stamp"
}

setup_build() { need_packages "build Orrery" $BUILD_PACKAGES; need_rust; own_target; }
setup_run() { setup_build; need_packages "open its window" $WINDOW_PACKAGES; }
setup_demo() {
  setup_build
  need_packages "play a scene with two windows" $DEMO_PACKAGES
  need_pulseaudio
  for command in Xvfb openbox xdotool xclip import pulseaudio pactl espeak-ng python3; do
    have "$command" || die "the command '$command' is missing; see the packages named above"
  done
}
# Tests draw and sound as the demo does.
setup_test() {
  setup_build
  need_packages "run every test" $DEMO_PACKAGES
  want_packages "keep a key in a keyring" gnome-keyring
  need_pulseaudio
}

# python_venv NAME REQUIREMENTS: an environment of its own in the cache, made anew when what it is to hold has changed. Its folder is $venv.
python_venv() {
  venv=$ORRERY_CACHE/$1
  wanted=$(cksum < "$2")
  [ "$(cat "$venv/.installed" 2>/dev/null)" = "$wanted" ] && return 0
  say "Setting up what measures the sound, in $venv."
  rm -rf "$venv"
  python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check -r "$2" && printf '%s' "$wanted" > "$venv/.installed"
}

# The rig needs a sound server and speech; a rival that cannot be had is left out of the table.
setup_bench() {
  setup_build
  need_packages "measure voice" python3 python3-venv pulseaudio-utils espeak-ng
  need_pulseaudio
  for package in $RIVAL_PACKAGES; do want_packages "measure beside it what people would use instead" "$package"; done
  python_venv voice-venv "$ROOT/tests/rig/requirements.txt"
  VOICE_VENV=$venv
}

setup_all() {
  case ${1:-test} in
    -h|--help) echo "./dev setup [run|test|demo|bench]   installs what is missing for that command, for all of them when none is named"; return 0 ;;
    run) setup_run ;;
    demo) setup_demo ;;
    test) setup_test ;;
    bench) setup_bench ;;
    *) die "setup knows run, demo, test and bench" ;;
  esac
  say "Everything is there. $(rustc --version)"
}
