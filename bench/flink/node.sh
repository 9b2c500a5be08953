# What the benches of this folder share: a real Kafka of one node, orders in it, and the job. Sourced with ROWS and ROUNDS.
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
script() { # SOURCE SINK GROUP [OPTIONS OF THE SINK]
    cat >"$work/job.sql" <<END
SET 'execution.checkpointing.interval' = '${interval:-5 s}';
SET 'parallelism.default' = '$tasks';
CREATE TABLE source_orders ($columns) WITH ('connector' = 'kafka', 'topic' = '$1', 'format' = 'json',
  'properties.bootstrap.servers' = '$at', 'properties.group.id' = '$3',
  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
CREATE TABLE sink_orders ($columns, PRIMARY KEY (order_id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = '$2', 'key.format' = 'json', 'value.format' = 'json', 'properties.bootstrap.servers' = '$at'${4:-});
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

