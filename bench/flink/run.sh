#!/usr/bin/env bash
# The same rows through Flink and through ours, in turns, on one real Kafka; README.md says what it needs and what it says.
#
#   OURS=target/dist/upsert-kafka bench/flink/run.sh [ROWS] [ROUNDS]
set -euo pipefail
rows=${1:-2000000} rounds=${2:-3} here=$(cd "$(dirname "$0")" && pwd)
ours=$(realpath "${OURS:-$here/../../target/dist/upsert-kafka}")
work=${WORK:-$here/target} port=${PORT:-19290} tasks=${PARALLELISM:-2}
mkdir -p "$work"
library() { # POM FOLDER
    [ -d "$2" ] || mvn -q -B -f "$1" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$2"
}
library "$here/pom.xml" "$work/flink"
library "$here/kafka.xml" "$work/kafka"

# One node that is broker and controller, with the JVM's own compilers: it is a part of what is measured, for both alike.
rm -rf "$work/node" && mkdir -p "$work/node"
cat >"$work/node/server.properties" <<END
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$((port + 1))
log.dirs=$work/node/log
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
END
kafka() { java -cp "$work/kafka/*" "$@"; }
kafka kafka.tools.StorageTool format -t bench-flink-cluster-id -c "$work/node/server.properties" >"$work/node/format.txt"
java -Xmx1g -cp "$work/kafka/*" kafka.Kafka "$work/node/server.properties" >"$work/node/out.txt" 2>&1 &
broker=$!
trap 'kill -9 $broker 2>/dev/null || true' EXIT
at=127.0.0.1:$port
until "$ours" topic list --bootstrap "$at" >/dev/null 2>&1; do kill -0 $broker || { cat "$work/node/out.txt"; exit 1; }; done

# 150 bytes each, as the table of the main README has them.
orders() { # ROWS
    awk -v rows="$1" 'BEGIN { for (i = 0; i < rows; i++) printf "{\"order_id\":\"2021032512020%08d\",\"order_channel\":\"miniAppShop\",\"order_time\":\"2021-03-25 12:02:02\",\"pay_amount\":%d.%02d,\"user_id\":\"%04d\",\"area_id\":\"330110\"}\n", i % 1000000, i % 1000, i % 100, i % 10000 }'
}
topic() { "$ours" topic create "$1" --bootstrap "$at" --partitions 6 --config cleanup.policy="${2:-delete}"; }
topic orders && orders "$rows" | "$ours" produce orders --bootstrap "$at" 2>"$work/produced.txt"
topic one && orders 1 | "$ours" produce one --bootstrap "$at" 2>>"$work/produced.txt"

columns='order_id STRING, order_channel STRING, order_time STRING, pay_amount DOUBLE, user_id STRING, area_id STRING'
script() { # SOURCE SINK GROUP
    cat >"$work/job.sql" <<END
SET 'execution.checkpointing.interval' = '5 s';
SET 'parallelism.default' = '$tasks';
CREATE TABLE source_orders ($columns) WITH ('connector' = 'kafka', 'topic' = '$1', 'format' = 'json',
  'properties.bootstrap.servers' = '$at', 'properties.group.id' = '$3',
  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
CREATE TABLE sink_orders ($columns, PRIMARY KEY (order_id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = '$2', 'key.format' = 'json', 'value.format' = 'json', 'properties.bootstrap.servers' = '$at');
INSERT INTO sink_orders SELECT * FROM source_orders;
END
}
opens=(--add-opens=java.base/java.{lang,util,net,io,nio,time,text}=ALL-UNNAMED --add-opens=java.base/java.util.concurrent=ALL-UNNAMED)
command_of() { # SIDE
    case $1 in
    flink) command=(java -Xmx1g "${opens[@]}" -cp "$work/flink/*" "$here/Flink.java" "$work/job.sql") ;;
    ours) command=("$ours" run "$work/job.sql") ;;
    esac
}

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
