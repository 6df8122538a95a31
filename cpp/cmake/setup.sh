# shellcheck shell=bash
# Shell functions that samples/quickstart.sh and tests/run.sh share; sourced.

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# have REQUIREMENT: a command, a /path, or py:MODULE.
have() {
  case $1 in
    /*) [ -e "$1" ] ;;
    py:*) python3 -c "import ${1#py:}" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

# ensure_packages PACKAGE:REQUIREMENT...: installs the Debian packages whose
# requirement is not there; without the right to, names them and stops.
ensure_packages() {
  local pair missing=()
  for pair in "$@"; do
    have "${pair#*:}" || missing+=("${pair%%:*}")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  local as_root=()
  if ! have apt-get; then
    die "missing, by their Debian names: ${missing[*]}"
  elif [ "$(id -u)" -ne 0 ]; then
    if have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
      as_root=(sudo)
    else
      die "missing packages, and no root to install them. Ask for:" \
        "apt-get install ${missing[*]}"
    fi
  fi
  say "Installing ${missing[*]}"
  "${as_root[@]}" apt-get -qq update ||
    die "apt-get update failed; needed: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
    --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install: ${missing[*]}"
}

# shellcheck disable=SC2034  # Used by those who source this file.
build_packages=(
  g++:g++ cmake:cmake ninja-build:ninja protobuf-compiler:protoc
)

# generator BUILD_DIR: Ninja, unless the folder was made with another one.
generator() {
  if [ ! -e "$1/Makefile" ] && have ninja; then
    printf 'Ninja'
  else
    printf 'Unix Makefiles'
  fi
}

# show_progress LABEL LOG: turns the [i/n] or [ i%] lines of a build into one
# moving line on a terminal, or a line every tenth elsewhere; all of the output
# goes to the file LOG.
show_progress() {
  local line percent last=-1 clear=
  [ ! -t 2 ] || clear=$'\r\033[K'
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "$line"
    if [[ $line =~ ^\[\ *([0-9]+)/([0-9]+)\] ]]; then
      percent=$((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
    elif [[ $line =~ ^\[\ *([0-9]+)%\] ]]; then
      percent=${BASH_REMATCH[1]}
    else
      case $line in
        '-- Fetching dependencies'* | '-- Building dependencies'* | \
          'dependencies: '*)
          printf '%s  %s\n' "$clear" "${line#-- }" >&2
          last=-1
          ;;
      esac
      continue
    fi
    if [ -n "$clear" ]; then
      printf '%s  %s: %d%%' "$clear" "$1" "$percent" >&2
    elif [ $((percent / 10)) -gt $((last / 10)) ] && [ "$percent" -gt 0 ]; then
      printf '  %s: %d%%\n' "$1" "$percent" >&2
    fi
    last=$percent
  done >"$2"
  printf '%s' "$clear" >&2
}

# run_build_step LABEL LOG COMMAND...: with progress; the tail of the log and
# an end on failure.
run_build_step() {
  local label=$1 log=$2 status=0
  shift 2
  "$@" 2>&1 | show_progress "$label" "$log" || status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$log" >&2
    die "$label failed; the whole log is $log"
  fi
}

# configure_and_build PRESET BUILD_DIR [TARGET...]: everything, or the targets.
configure_and_build() {
  local preset=$1 dir=$2
  shift 2
  mkdir -p "$dir"
  if [ ! -e "$dir/build.ninja" ] && [ ! -e "$dir/Makefile" ]; then
    local launcher=()
    ! have ccache || launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache
      -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    run_build_step "dependencies" "$dir/configure.log" cmake \
      --preset "$preset" -G "$(generator "$dir")" "${launcher[@]}"
  fi
  local targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  run_build_step "build" "$dir/build.log" cmake --build "$dir" \
    --parallel "$(nproc)" "${targets[@]}"
}
