#!/usr/bin/env bash
# One job by 1, 2 and 4 tasks of a process, and by 1, 2 and 4 processes of a group; README.md says more.
#
#   OURS=target/dist/upsert-kafka bench/flink/shares.sh [ROWS] [ROUNDS]
set -euo pipefail
. "$(dirname "$0")/node.sh"

# Processes of a group go on for ever, so that the job is done when its group is: commits often enough say it at once.
interval='200 ms'
: >"$work/shares.txt"
for round in $(seq "$rounds"); do
    for share in "1 1" "2 1" "4 1" "1 2" "1 4"; do
        read -r tasks processes <<<"$share"
        sink=shares-$tasks-$processes-$round
        topic "$sink" compact
        script orders "$sink" "$sink"
        sed -i "s/, 'scan.bounded.mode' = 'latest-offset'//" "$work/job.sql"
        echo "$tasks $processes $(python3 "$here/shared.py" "$processes" "$sink" "$at" "$ours" run "$work/job.sql")" |
            tee -a "$work/shares.txt" >&2
    done
done

awk -v rows="$rows" '
    { name = $1 " " $2; if (!(name in seen)) { seen[name] = 1; names[++count] = name }
      rate = rows / $3; used = $4 / rows * 1e6
      if (rate > best[name]) best[name] = rate
      if (!(name in cpu) || used < cpu[name]) cpu[name] = used
      if (used > worst[name]) worst[name] = used
      if ($5 > most[name]) most[name] = $5 }
    END { print "| tasks a process | processes | rows/s, best | CPU seconds per million rows, all processes | peak memory of one, MiB |\n|---|---|---|---|---|"
          for (i = 1; i <= count; i++) { split(names[i], of, " ")
              printf "| %d | %d | %.0f | %.2f to %.2f | %d |\n", of[1], of[2], best[names[i]], cpu[names[i]], worst[names[i]], most[names[i]] } }' \
    "$work/shares.txt"
