#!/usr/bin/env bash
# Fails when a crate known to compile or link C is in the graph, dev-dependencies included: names.sh [cargo tree arguments]
# Names only: a quick, offline first line. cargo.sh is the proof.
set -euo pipefail
# Declarations of interfaces, without any C of their own.
allowed='^(linux-raw-sys|windows-sys|js-sys|web-sys|core-foundation-sys|security-framework-sys|inotify-sys)$'
brings_c='^(cc|cmake|bindgen|pkg-config|vcpkg|autotools|nasm-rs|ring|psm|stacker|blake3|lzzzz|libgssapi|rdkafka|alloca|zstd)$|-sys$|-src$'
all=$(cargo tree --edges normal,build,dev --prefix none --format '{p}' "$@" | cut -d' ' -f1 | sort -u)
found=$(grep -E "$brings_c" <<<"$all" | grep -vE "$allowed" || true)
if [ -n "$found" ]; then
    echo "C in the graph:" $found
    exit 1
fi
echo "none of $(wc -l <<<"$all") crates is known to bring C"
