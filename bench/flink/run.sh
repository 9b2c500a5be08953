#!/usr/bin/env bash
# The same rows through Flink and through ours, in turns, on one real Kafka; README.md says what it needs and what it says.
#
#   OURS=target/dist/upsert-kafka bench/flink/run.sh [ROWS] [ROUNDS]
set -euo pipefail
. "$(dirname "$0")/node.sh"

: >"$work/runs.txt"
for round in $(seq "$rounds"); do
    for side in flink ours; do
        command_of "$side"
        sink=sink-$side-$round
        topic "$sink" compact
        script orders "$sink" "$sink"
        echo "$side rows $(python3 "$here/measured.py" "${command[@]}")" | tee -a "$work/runs.txt" >&2
        # From the start of the process to the first row that a reader has: from a topic of one row, read on for ever.
        topic "first-$sink" compact
        script one "first-$sink" "first-$sink"
        sed -i "s/, 'scan.bounded.mode' = 'latest-offset'//" "$work/job.sql"
        "$ours" consume "first-$sink" --bootstrap "$at" --from earliest --count 1 >/dev/null &
        reader=$!
        began=$(date +%s%N)
        "${command[@]}" >"$work/first.txt" 2>&1 &
        job=$!
        wait $reader
        echo "$side first $((($(date +%s%N) - began) / 1000000))" | tee -a "$work/runs.txt" >&2
        kill -9 $job && wait $job 2>/dev/null || true
    done
done

awk -v rows="$rows" -v rounds="$rounds" '
    function keep(name, value, is_more) { if (!(name in best) || (is_more ? value > best[name] : value < best[name])) best[name] = value
                                          if (!(name in worst) || (is_more ? value < worst[name] : value > worst[name])) worst[name] = value }
    $2 == "rows" { keep("rows/s end to end " $1, rows / $4, 1); keep("rows/s with the start " $1, rows / $3, 1)
                   keep("CPU seconds per million rows " $1, $5 / rows * 1e6, 0); keep("peak memory of the job, MiB " $1, $6, 0) }
    $2 == "first" { keep("first row after the start, ms " $1, $3, 0) }
    function told(name) { return sprintf(name ~ /CPU/ ? "%.2f to %.2f" : "%.0f to %.0f", best[name], worst[name]) }
    END { print "| " rows " rows, best and worst of " rounds " | upsert-kafka | Flink |\n|---|---|---|"
          count = split("rows/s end to end,rows/s with the start,CPU seconds per million rows,first row after the start; ms,peak memory of the job; MiB", names, ",")
          for (i = 1; i <= count; i++) { name = names[i]; sub(";", ",", name)
              print "| " name " | " told(name " ours") " | " told(name " flink") " |" } }' "$work/runs.txt"
