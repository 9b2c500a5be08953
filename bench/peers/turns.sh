#!/usr/bin/env bash
# librdkafka, the Java client, krafka, rskafka and ours in turns against one null broker; README.md says how to build
# what it runs. JAVA and RUST may be left out, each with its columns.
#
#   OURS=… RDKAFKA=… JAVA="java -cp … Produce" RUST=… bench/peers/turns.sh ADDRESS [ROUNDS] [RECORDS]
#
# A row is a load: the best and the median of the rounds in M records/s, CPU of the whole client in nanoseconds, and
# how many times librdkafka's best ours is. LOADS (topic:keyed:value …) takes other loads. PRIORITY (chrt -r 1) and PIN (taskset -c 0) stand before each command.
set -euo pipefail
address=$1 rounds=${2:-5} records=${3:-500000}
read -ra before <<<"${PRIORITY-} ${PIN-taskset -c 0}"
read -ra java <<<"${JAVA-}"

ours() {
    "${before[@]}" "$OURS" --addr "$address" --section cell --bare no --runs 1 --topic "$1" --value "$3" --batch "$4" \
        --keyed "$([ "$2" = 1 ] && echo yes || echo no)" --records "$records" |
        sed -n 's/.*"best_per_second":\([0-9.e+]*\).*"cpu_ns_best":\([0-9.]*\).*/\1 \2/p' | awk '{print 1e9 / $1, $2}'
}
theirs() { sed -n 's/.*"wall_ns":\([0-9.]*\),"cpu_ns":\([0-9.]*\).*/\1 \2/p'; }
rdkafka() { "${before[@]}" "$RDKAFKA" "$address" "$1" "$2" "$3" "$4" $((records * 200 / (100 + $3) / 2)) 1 | theirs; }
# The last of six: by then the JIT has compiled what there is to compile.
java() { "${before[@]}" "${java[@]}" "$address" "$1" "$2" "$3" "$4" $((records * 200 / (100 + $3) / 2)) 6 2>/dev/null | theirs | tail -1; }
krafka() { "${before[@]}" "$RUST" krafka "$address" "$1" "$2" "$3" "$4" $((records * 200 / (100 + $3) / 2)) 1 | theirs; }
rskafka() { "${before[@]}" "$RUST" rskafka "$address" "$1" "$2" "$3" "$4" $((records * 200 / (100 + $3) / 2)) 1 | theirs; }

sides=(ours rdkafka)
[ ${#java[@]} = 0 ] || sides+=(java)
[ -z "${RUST-}" ] || sides+=(krafka rskafka)
printf '%-32s' load
for side in "${sides[@]}"; do printf '%10s %7s %7s' "$side" median CPU; done
printf '%12s\n' 'of rdkafka'
for load in ${LOADS-p6:1:100 p6:0:100 p1:0:100 p6:1:1000 p6:0:1000 p1:0:1000}; do
    for batch in 1000000 65536 16384; do
        IFS=: read -r topic keyed value <<<"$load"
        for _ in $(seq "$rounds"); do
            for side in "${sides[@]}"; do
                # One batch of a partition at a time: small ones wait 40 ms each for a delayed acknowledgement.
                [ "$side" != rskafka ] || [ "$batch" = 1000000 ] || continue
                echo "$side $("$side" "$topic" "$keyed" "$value" "$batch")"
            done
        done | sort -k1,1 -k2,2g | awk -v sides="${sides[*]}" -v rounds="$rounds" \
            -v name="$topic $([ "$keyed" = 1 ] && echo keyed || echo keyless) $value B $((batch / 1024)) KiB" '
            { if (!($1 in n)) best[$1] = $2; if (++n[$1] == int(rounds / 2) + 1) median[$1] = $2
              if (!($1 in cpu) || $3 < cpu[$1]) cpu[$1] = $3 }
            END { printf "%-32s", name; count = split(sides, side, " ")
                  for (i = 1; i <= count; i++) { s = side[i]
                      if (s in n) printf "%10.2f %7.2f %7.0f", 1e3 / best[s], 1e3 / median[s], cpu[s]
                      else printf "%10s %7s %7s", "–", "–", "–" }
                  printf "%12s\n", sprintf("%.1f×", best["rdkafka"] / best["ours"]) }'
    done
done
