#!/usr/bin/env bash
# The packages: what is in them, what they need of a system, and that hello-c
# builds and runs with nothing else.
#
#   tests/scripts/package.sh            unpacks the .deb files in a folder
#   PACKAGE_ROOT=1 tests/scripts/package.sh
#                                 also asks lintian, and installs them in a fresh
#                                 Debian 12 made by debootstrap; needs root and a
#                                 mirror
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}"

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
packages=$work/packages
model=$INLAY_SOURCE_DIR/tests/goldens/models/tiny-llama.gguf

fail() {
  echo "failed: $*" >&2
  exit 1
}

(cd "$INLAY_BUILD_DIR" && cpack -B "$packages" >"$work/cpack.log" 2>&1) ||
  fail "cpack: $(tail -n 5 "$work/cpack.log")"
runtime=$(ls "$packages"/inlay_*.deb)
development=$(ls "$packages"/inlay-dev_*.deb)
archive=$(ls "$packages"/inlay-*.tar.gz)

# stated_floor: the C library that the package asks for.
stated_floor() {
  dpkg-deb --field "$runtime" Depends | sed -n 's/^libc6 (>= \(.*\))$/\1/p'
}

# check_needs FILE: only the C library, and nothing newer than stated.
check_needs() {
  local newest
  if readelf -d "$1" | grep NEEDED | grep -v 'libinlay\|libc\.so\|libm\.so\|ld-linux'; then
    fail "$1 needs more than the C library"
  fi
  newest=$(readelf --version-info --wide "$1" | grep -o 'GLIBC_[0-9.]*' |
    sed 's/GLIBC_//' | sort -Vu | tail -n 1)
  [ "$(printf '%s\n' "$newest" "$(stated_floor)" | sort -V | tail -n 1)" = \
    "$(stated_floor)" ] || fail "$1 needs glibc $newest"
  echo "$(basename "$1"): needs glibc $newest"
}

# has_all FOLDER: everything, the licences too.
has_all() {
  local file
  for file in bin/inlay lib/libinlay.so lib/libinlay.so.1 lib/pkgconfig/inlay.pc \
    lib/cmake/Inlay/InlayConfig.cmake include/inlay/inlay.h \
    include/inlay/inlay.hpp share/licenses/inlay/LICENSE; do
    [ -e "$1/$file" ] || fail "$1 lacks $file"
  done
  [ "$(ls "$1/share/licenses/inlay/third_party" | wc -l)" -ge 5 ] ||
    fail "$1 lacks licences"
}

# has_documents FOLDER: what Debian's rules ask of a package, of this release.
has_documents() {
  local package version name
  for package in inlay inlay-dev; do
    [ -s "$1/share/doc/$package/copyright" ] || fail "$package: no copyright"
    version=$(zcat "$1/share/doc/$package/changelog.gz" |
      sed -n '1s/.*(\(.*\)).*/\1/p')
    [ "$version" = "$(dpkg-deb --field "$runtime" Version)" ] ||
      fail "$package: the changelog is of $version"
  done
  gzip -t "$1/share/man/man1/inlay.1.gz" "$1/share/doc/inlay/NEWS.gz"
  for name in $(awk '!/^#/ && NF { print $1 }' \
    "$INLAY_SOURCE_DIR/cpp/cmake/dependencies.lock"); do
    grep -q "^Files: .*/$name$" "$1/share/doc/inlay/copyright" ||
      fail "the copyright file does not know $name"
  done
}

# run_hello PREFIX: the sample, built and run with what is there.
run_hello() {
  local flags
  read -ra flags <<<"$(PKG_CONFIG_PATH=$1/lib/pkgconfig \
    pkg-config --define-prefix --cflags --libs inlay)"
  cc "$INLAY_SOURCE_DIR"/samples/hello-c/*.c -o "$work/hello" "${flags[@]}" \
    -Wl,-rpath,"$1/lib"
  "$work/hello" "$model" Hi >/dev/null || fail "hello-c with $1"
}

mkdir "$work/unpacked" "$work/archive"
dpkg-deb --extract "$runtime" "$work/unpacked"
dpkg-deb --extract "$development" "$work/unpacked"
tar -xzf "$archive" -C "$work/archive" --strip-components=1
for prefix in "$work/unpacked/usr" "$work/archive"; do
  has_all "$prefix"
  run_hello "$prefix"
  "$prefix/bin/inlay" --version >/dev/null
done
has_documents "$work/unpacked/usr"
[ -s "$work/archive/share/man/man1/inlay.1" ] || fail "no manual page"
check_needs "$work/unpacked/usr/bin/inlay"
check_needs "$(readlink -f "$work/unpacked/usr/lib/libinlay.so")"
python3 "$INLAY_SOURCE_DIR/cpp/cmake/manual/make_manual.py" \
  "$work/archive/bin/inlay" --check || fail "inlay.1 is stale"

# A fresh Debian 12: the packages first with nothing but the base system, then
# with its compiler.
test_root() {
  local root=$work/root
  lintian --fail-on error,warning "$runtime" "$development" ||
    fail "lintian objects"
  debootstrap --variant=minbase bookworm "$root" >"$work/debootstrap.log" 2>&1 ||
    fail "debootstrap: $(tail -n 5 "$work/debootstrap.log")"
  cp "$runtime" "$development" "$model" \
    "$INLAY_SOURCE_DIR"/samples/hello-c/hello.c "$root/root"
  chroot "$root" dpkg --install /root/"$(basename "$runtime")" >/dev/null
  chroot "$root" inlay inspect --model /root/tiny-llama.gguf >/dev/null
  chroot "$root" dpkg --install /root/"$(basename "$development")" >/dev/null
  chroot "$root" test -e /usr/share/doc/inlay-dev/copyright
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
    --no-install-recommends gcc libc6-dev >/dev/null 2>&1 ||
    fail "no compiler in the fresh root"
  chroot "$root" gcc /root/hello.c -o /root/hello -linlay
  chroot "$root" /root/hello /root/tiny-llama.gguf Hi >/dev/null
  chroot "$root" dpkg --remove inlay-dev inlay >/dev/null
  [ -z "$(find "$root/usr" -name '*inlay*')" ] || fail "the package leaves files"
  echo "in a fresh Debian 12: lintian content, installed, built, ran, removed"
}

[ -z "${PACKAGE_ROOT:-}" ] || test_root
echo "packages: $(basename "$runtime") $(basename "$development") $(basename "$archive")"
