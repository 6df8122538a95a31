#!/usr/bin/env bash
# Puts the tarballs that dependencies.lock names into a folder and checks
# their hashes.
#
#   fetch_dependencies.sh LOCK_FILE OUTPUT_FOLDER [FOLDER_OF_TARBALLS]
#
# With a folder of tarballs (third argument, or INLAY_DEPENDENCY_SOURCES) the
# network is not used. Otherwise they come from Debian's source packages, by
# the mirrors apt is already set up with, through a private apt configuration:
# no root is needed and the system's own lists stay as they are.
set -euo pipefail

lock=${1:?usage: fetch_dependencies.sh LOCK_FILE OUTPUT_FOLDER [FOLDER]}
out=${2:?usage: fetch_dependencies.sh LOCK_FILE OUTPUT_FOLDER [FOLDER]}
given=${3:-${INLAY_DEPENDENCY_SOURCES:-}}
lock=$(realpath "$lock")
mkdir -p "$out"
out=$(realpath "$out")
apt_home=

say() { printf '%s\n' "dependencies: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

cleanup() { [ -z "$apt_home" ] || rm -rf "$apt_home"; }
trap cleanup EXIT

# matches FILE SHA256
matches() {
  [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]
}

# Every configured Debian mirror, as a source entry. A mirror's origin is known
# once its lists were loaded; before that, every mirror is tried.
write_source_list() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  local signed=
  [ ! -f "$keyring" ] || signed="[signed-by=$keyring] "
  # shellcheck disable=SC2016  # apt expands these names.
  apt-get indextargets \
    --format '$(ORIGIN)|$(SITE) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' | sort -u |
    awk -F'|' -v signed="$signed" '
      $1 == "Debian" { known = known "deb-src " signed $2 "\n" }
      { all = all "deb-src " signed $2 "\n" }
      END { printf "%s", known != "" ? known : all }' \
      >"$apt_home/sources.list"
  [ -s "$apt_home/sources.list" ]
}

apt_options=()
start_apt() {
  [ -z "$apt_home" ] || return 0
  command -v apt-get >/dev/null ||
    fail "this system has no apt-get; give a folder of tarballs" \
      "(-DINLAY_DEPENDENCY_SOURCES=FOLDER) with: $(names)"
  apt_home=$(mktemp -d)
  chmod 755 "$apt_home"
  mkdir -p "$apt_home"/{lists/partial,cache/archives/partial,state}
  write_source_list || fail "apt has no Debian mirror configured; give a" \
    "folder of tarballs (-DINLAY_DEPENDENCY_SOURCES=FOLDER) with: $(names)"
  apt_options=(
    -o "Dir::Etc::sourcelist=$apt_home/sources.list"
    -o "Dir::Etc::sourceparts=/dev/null"
    -o "Dir::State=$apt_home/state"
    -o "Dir::State::lists=$apt_home/lists"
    -o "Dir::Cache=$apt_home/cache"
    -o "APT::Sandbox::User="
    -o "Acquire::Languages=none"
    -o "Acquire::Retries=3"
  )
  say "reading the source index of the configured Debian mirrors"
  apt-get "${apt_options[@]}" -qq update >"$apt_home/log" 2>&1 ||
    say "apt reported: $(tail -n 3 "$apt_home/log" | tr '\n' ' ')"
}

names() { grep -v '^#' "$lock" | awk 'NF {print $3}' | tr '\n' ' '; }

# Debian revisions of a source package that carry this very tarball.
revisions() {
  apt-cache "${apt_options[@]}" showsrc "$1" 2>/dev/null |
    awk -v hash="$3" -v file="$2" '
      /^Version:/ { version = $2 }
      $1 == hash && $3 == file { print version }' | sort -uVr
}

fetch_from_apt() {  # SOURCE_PACKAGE TARBALL SHA256
  start_apt
  local revision
  for revision in $(revisions "$1" "$2" "$3"); do
    (cd "$apt_home" && apt-get "${apt_options[@]}" -qq source --tar-only \
      --download-only "$1=$revision" >"$apt_home/log" 2>&1) || continue
    if matches "$apt_home/$2" "$3"; then
      mv "$apt_home/$2" "$out/$2"
      return 0
    fi
  done
  return 1
}

while read -r name version tarball hash; do
  case $name in '' | '#'*) continue ;; esac
  if matches "$out/$tarball" "$hash"; then
    continue
  fi
  if [ -n "$given" ]; then
    [ -f "$given/$tarball" ] || fail "$given lacks $tarball"
    matches "$given/$tarball" "$hash" ||
      fail "$given/$tarball is not the $name $version that is pinned" \
        "(expected SHA-256 $hash)"
    cp "$given/$tarball" "$out/$tarball"
  else
    say "fetching $name $version"
    fetch_from_apt "${tarball%%_*}" "$tarball" "$hash" ||
      fail "no configured Debian mirror offers $tarball with SHA-256 $hash" \
        "($name $version); put it in a folder and pass" \
        "-DINLAY_DEPENDENCY_SOURCES=FOLDER"
  fi
done <"$lock"
