#!/usr/bin/env bash
# Members of a group read a topic to its end, in turns: ours, kacrab's, Confluent's, librdkafka's, the Java client's.
# README.md says how to build what it runs. Sides that are not given are left out, each with its line.
#
#   BROKER=upsert-kafka CONSUME=…/peers-consume RDKAFKA=… JAVA="java -cp … Consume" bench/peers/groups.sh [ROUNDS] [RECORDS] [BYTES]
#
# The embedded broker has core 1 and holds the topic in memory; each client has core 0. A line is a client and a protocol: the
# best and the median of the rounds in M records/s, CPU of the whole client in nanoseconds a record, and how many times
# librdkafka's best it is.
set -euo pipefail
rounds=${1:-3} records=${2:-2000000} bytes=${3:-100}
read -ra java <<<"${JAVA-}"
folder=$(mktemp -d)
trap 'kill $broker 2>/dev/null; rm -rf "$folder"' EXIT

taskset -c 1 "$BROKER" broker --listen 127.0.0.1:0 --partitions 6 >"$folder/broker" &
broker=$!
until address=$(grep -o '127.0.0.1:[0-9]*' "$folder/broker"); do sleep 0.1; done
line=$(printf '%*s' "$bytes" '' | tr ' ' x)
yes "$line" | head -n "$records" | taskset -c 0 "$BROKER" produce p6 --bootstrap "$address" >"$folder/produced" 2>&1

client() {
    case $1 in
    librdkafka) [ -n "${RDKAFKA-}" ] && taskset -c 0 "$RDKAFKA" "$address" p6 "$records" "$2" ;;
    java) [ ${#java[@]} != 0 ] && taskset -c 0 "${java[@]}" "$address" p6 "$records" "$2" 2>/dev/null ;;
    *) [ -n "${CONSUME-}" ] && taskset -c 0 "$CONSUME" "$1" "$address" p6 "$records" "$2" ;;
    esac
}
printf '%-24s %10s %8s %8s %12s\n' "$bytes B" best median CPU 'of rdkafka'
for protocol in classic consumer; do
    for _ in $(seq "$rounds"); do
        for side in ours librdkafka java kacrab confluent; do
            # Confluent's knows the newer protocol alone.
            [ "$side$protocol" != confluentclassic ] || continue
            client "$side" "$protocol" |
                sed -n 's/.*"client":"\([a-z]*\)","wall_ns":\([0-9.]*\),"cpu_ns":\([0-9.]*\).*/\1 \2 \3/p' || true
        done
    done | sort -k1,1 -k2,2g | awk -v protocol="$protocol" -v rounds="$rounds" '
        { if (!($1 in n)) best[$1] = $2; if (++n[$1] == int(rounds / 2) + 1) median[$1] = $2
          if (!($1 in cpu) || $3 < cpu[$1]) cpu[$1] = $3 }
        END { count = split("ours librdkafka java kacrab confluent", side, " ")
              for (i = 1; i <= count; i++) { s = side[i]
                  if (!(s in n)) continue
                  of = ("librdkafka" in n) ? sprintf("%.1f×", best["librdkafka"] / best[s]) : "–"
                  printf "%-24s %10.2f %8.2f %8.0f %12s\n", s " " protocol, 1e3 / best[s], 1e3 / median[s], cpu[s], of } }'
done
