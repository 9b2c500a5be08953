#!/usr/bin/env bash
# One client, installed before, against a broker of its own: one.sh CLIENT NODES. What it prints goes into
# target/clients/out/CLIENT-NODES/lines, its complaints beside that.
#   CONTROL=HOST:PORT one.sh kafkajs 1      against that (fresh) Kafka, to see whether the program is right
#   UPSERT_KAFKA=PATH one.sh kafkajs 1      another build of ours
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/install.sh"
client=$1 nodes=$2
binary=${UPSERT_KAFKA:-$target/debug/upsert-kafka}
codecs=(none gzip snappy lz4 zstd)
# The longest that a program may take, all its checks together, and one of our own commands.
program_seconds_max=150
ours_seconds_max=20

export RECORDS=$home/records SCRATCH=$home/out/$client-$nodes KCAT=$home/kcat
rm -rf "$SCRATCH"
mkdir -p "$SCRATCH"

# Sets `program`.
find_program() {
    local pinned=("$home"/node/node_modules/node-*/bin/node)
    case $client in
        confluent-kafka) program=("$home/python/bin/python" "$here/python/confluent.py") ;;
        kafka-python) program=("$home/python/bin/python" "$here/python/kafka_python.py") ;;
        aiokafka) program=("$home/python/bin/python" "$here/python/aio.py") ;;
        # The Node of package.json; where that has none for the machine, the machine's.
        kafkajs | platformatic) [ -x "${pinned[0]}" ] || pinned=(node); program=("${pinned[0]}" "$home/node/$client.mjs") ;;
        franz-go | sarama | kafka-go) program=("$home/go/clients" "$client") ;;
        kcat) program=("$here/kcat/kcat.sh") ;;
        java) program=("${jvm[@]}" JavaClient) ;;
        console) program=("${jvm[@]}" ConsoleTools) ;;
    esac
}
jvm=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m -Dlog4j2.configurationFile="$here/../java/log4j2.properties"
    -Dupsert.kafka.log="$SCRATCH/java.log" -cp "$home/java/classes:$home/java/lib/*")

start_broker() {
    "$binary" broker --listen 127.0.0.1:0 --nodes "$nodes" --partitions 4 >"$SCRATCH/broker" 2>"$SCRATCH/broker.log" &
    broker=$!
    trap 'kill $broker 2>/dev/null || true' EXIT
    until grep -qs listening "$SCRATCH/broker"; do kill -0 $broker && sleep 0.05; done
    BOOTSTRAP=$(sed -n 's/^listening on \([^;]*\);.*/\1/p' "$SCRATCH/broker")
}

ours() { timeout $ours_seconds_max "$binary" "$@" --bootstrap "$BOOTSTRAP" 2>>"$SCRATCH/ours.log"; }

# What our producer writes with each codec, for the client to read.
write_ours() {
    local codec
    for codec in "${codecs[@]}"; do
        ours produce "ours-$codec" --property "compression.type=$codec" --property linger.ms=50 --key-delimiter $'\t' \
            <"$RECORDS"
    done
}

# What the client wrote with each codec, read by our consumer.
read_theirs() {
    local codec count differs
    count=$(wc -l <"$RECORDS")
    for codec in "${codecs[@]}"; do
        differs=$(ours consume "theirs-$codec" --output raw --from earliest --count "$count" | LC_ALL=C sort |
            cmp - "$RECORDS.sorted" 2>&1) || printf 'codecs\tFAILED\tour consumer reads %s otherwise: %s\n' "$codec" "$differs"
    done
}

start_broker
[ -z "${CONTROL:-}" ] || BOOTSTRAP=$CONTROL
export BOOTSTRAP
find_program
write_ours
timeout --kill-after 5 $program_seconds_max "${program[@]}" >"$SCRATCH/lines" 2>"$SCRATCH/log" ||
    echo "the program ended with $?" >>"$SCRATCH/log"
! grep -q '^codecs.ok' "$SCRATCH/lines" || read_theirs >>"$SCRATCH/lines"
echo "$client, $nodes node(s):"
sed 's/^/    /' "$SCRATCH/lines"
