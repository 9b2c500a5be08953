#!/usr/bin/env bash
# Runs cargo with every C tool refused: cargo.sh build --workspace --all-targets
# cc may be called as the linker driver of host programs, never to compile. Exits with cargo's status, or with 98 when
# cargo passed but some C tool was called all the same.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/bin"
for tool in cc gcc g++ c++ c89 c99 cpp tcc clang clang++ x86_64-linux-gnu-gcc x86_64-linux-gnu-g++ aarch64-linux-gnu-gcc \
    x86_64-linux-musl-gcc aarch64-linux-musl-gcc musl-gcc ar ranlib as ld nasm yasm cmake make ninja perl \
    pkg-config bindgen go protoc autoconf libtool; do
    ln -s "$here/shim" "$work/bin/$tool"
done

export GUARD_REAL_PATH=$PATH GUARD_LOG=$work/log
: >"$GUARD_LOG"
export PATH=$work/bin:$PATH CC=/bin/false CXX=/bin/false AR=/bin/false CMAKE=/bin/false
unset HOST_CC TARGET_CC HOST_CXX TARGET_CXX

cargo "$@"
status=$?
refused=$(grep -c '^REFUSED' "$GUARD_LOG")
echo "no C: cargo exit $status, $refused calls refused, $(grep -c '^LINK' "$GUARD_LOG") links"
grep '^REFUSED' "$GUARD_LOG" | sort | uniq -c | sort -rn | head -5
[ $status != 0 ] && exit $status
[ "$refused" = 0 ] || exit 98
