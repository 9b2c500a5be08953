#!/usr/bin/env bash
# Ours, librdkafka (by Python's confluent-kafka) and Java's client produce 1 KB records over TLS and in the open, in turns,
# each on core 0, to the embedded broker on core 1. README.md says how the others are installed: tests/clients/secure does.
#
#   cargo build --release --package upsert-kafka
#   cargo bench --no-run --package upsert-kafka-tests --bench security        # its path is OURS
#   OURS=target/release/deps/security-… bench/peers/tls.sh [ROUNDS] [RECORDS]
#
# A row is a client: MB/s in the open and over TLS, the best of the rounds, how much of the open is left, as the median of the
# rounds' ratios, and CPU per record of both.
set -euo pipefail
rounds=${1:-7} records=${2:-300000}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$here/target}")
binary=${UPSERT_KAFKA:-$target/release/upsert-kafka}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bytes=1000 batch=524288

# A broker for each turn, which ends with the turn's subshell: what it holds is in memory.
fresh_broker() {
    rm -f "$scratch/lines"
    taskset -c 1 "$binary" broker --listener PLAINTEXT://127.0.0.1:0 --listener SSL://127.0.0.1:0 \
        --tls-folder "$scratch" >"$scratch/lines" 2>"$scratch/log" &
    broker=$!
    trap "kill $broker 2>/dev/null || true" EXIT
    until grep -qs listening "$scratch/lines"; do kill -0 $broker && sleep 0.05; done
}
listener() { grep -o "\b$1://[^,;]*" "$scratch/lines" | sed "s|^$1://||"; }

# CLIENT PROTOCOL: nanoseconds of wall and of CPU per record.
turn() {
    local address
    fresh_broker
    address=$(listener "$2")
    [ "$2" = PLAINTEXT ] && unset CA || export CA=$scratch/ca.pem
    case $1 in
        ours) taskset -c 0 "$OURS" --at "$address" --records "$records" --rounds 1 ;;
        librdkafka) taskset -c 0 "$target/clients/python/bin/python" "$here/bench/peers/librdkafka/produce.py" "$address" \
            tls $bytes $batch "$records" 1 ;;
        java) taskset -c 0 java -cp "$target/clients/java/lib/*" "$here/bench/peers/java/Produce.java" "$address" tls 0 \
            $bytes $batch "$records" 3 2>/dev/null | tail -1 ;;
    esac | sed -n 's/.*"wall_ns":\([0-9.]*\),"cpu_ns":\([0-9.]*\).*/\1 \2/p'
}

clients=()
[ -z "${OURS:-}" ] || clients+=(ours)
[ ! -x "$target/clients/python/bin/python" ] || clients+=(librdkafka)
[ ! -d "$target/clients/java/lib" ] || clients+=(java)
for _ in $(seq "$rounds"); do
    for client in "${clients[@]}"; do echo "$client $(turn "$client" PLAINTEXT) $(turn "$client" SSL)"; done
done | sort -s -k1,1 | awk -v bytes=$bytes '
    { n[$1]++; ratio[$1, n[$1]] = $2 / $4
      if (!($1 in open) || $2 < open[$1]) open[$1] = $2
      if (!($1 in tls) || $4 < tls[$1]) tls[$1] = $4
      if (!($1 in cpu) || $3 < cpu[$1]) cpu[$1] = $3
      if (!($1 in tls_cpu) || $5 < tls_cpu[$1]) tls_cpu[$1] = $5 }
    END { printf "%-12s %10s %10s %8s %10s %10s\n", "1 KB", "open MB/s", "TLS MB/s", "kept", "open CPU", "TLS CPU"
          for (c in n) {
              for (i = 1; i <= n[c]; i++) for (j = i + 1; j <= n[c]; j++) if (ratio[c, j] < ratio[c, i]) {
                  swap = ratio[c, i]; ratio[c, i] = ratio[c, j]; ratio[c, j] = swap }
              printf "%-12s %10.0f %10.0f %7.0f%% %10.0f %10.0f\n", c, bytes * 1e3 / open[c], bytes * 1e3 / tls[c],
                  100 * ratio[c, int((n[c] + 1) / 2)], cpu[c], tls_cpu[c] } }'
