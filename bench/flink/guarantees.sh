#!/usr/bin/env bash
# At-least-once beside exactly-once, at commits of 100 ms, 1 s and 10 s, ours and Flink's in turns; README.md says more.
#
#   OURS=target/dist/upsert-kafka bench/flink/guarantees.sh [ROWS] [ROUNDS]
set -euo pipefail
. "$(dirname "$0")/node.sh"

: >"$work/guarantees.txt"
for round in $(seq "$rounds"); do
    for interval in '100 ms' '1 s' '10 s'; do
        for guarantee in at-least-once exactly-once; do
            for side in ${SIDES:-flink ours}; do
                command_of "$side"
                sink=$side-$guarantee-${interval// /}-$round
                topic "$sink" compact
                # Flink asks for an hour, which no broker allows.
                script orders "$sink" "$sink" ", 'sink.delivery-guarantee' = '$guarantee',
                    'sink.transactional-id-prefix' = '$sink', 'properties.transaction.timeout.ms' = '600000'"
                echo "${interval// /} $guarantee $side $(python3 "$here/measured.py" "${command[@]}")" |
                    tee -a "$work/guarantees.txt" >&2
            done
        done
    done
done

awk -v rows="$rows" '
    { name = $1 " " $2; if (!(name in seen)) { seen[name] = 1; names[++count] = name }
      cell = name " " $3; rate = rows / $5; used = $6 / rows * 1e6
      if (rate > best[cell]) best[cell] = rate
      if (!(cell in cpu) || used < cpu[cell]) cpu[cell] = used }
    function told(cell) { return cell in best ? sprintf("%.0f, %.2f", best[cell], cpu[cell]) : "not run" }
    END { print "| best rows/s, and CPU seconds per million rows | upsert-kafka | Flink |\n|---|---|---|"
          for (i = 1; i <= count; i++) print "| " names[i] " | " told(names[i] " ours") " | " told(names[i] " flink") " |" }' \
    "$work/guarantees.txt"
