#!/usr/bin/env bash
# kcat, which is librdkafka as Debian has it: every capability, a function each. It prints a line per capability:
# `NAME ok`, or `NAME FAILED why`.
set -euo pipefail
shopt -s nullglob
unpacked=("$KCAT"/usr/lib/*-linux-gnu)
if [ ${#unpacked[@]} -gt 0 ]; then
    export LD_LIBRARY_PATH=${unpacked[0]} PATH=$KCAT/usr/bin:$PATH
fi
codecs=(none gzip snappy lz4 zstd)
wait_seconds_max=15

send() { timeout 20 kcat -P -q -b "$BOOTSTRAP" -K $'\t' -t "$@"; }
# All there is in a topic, sorted.
all() { timeout 20 kcat -C -q -b "$BOOTSTRAP" -o beginning -e -f '%k\t%s\n' -t "$@" | LC_ALL=C sort; }
same() { LC_ALL=C sort "$1" | cmp - "$2"; }

produce() {
    send produce -X enable.idempotence=true <"$RECORDS"
    send produce -X acks=1 <"$RECORDS"
    all produce >"$SCRATCH/read"
    cat "$RECORDS" "$RECORDS" >"$SCRATCH/twice"
    same "$SCRATCH/twice" "$SCRATCH/read"
}

codecs() {
    local codec
    for codec in "${codecs[@]}"; do
        send "theirs-$codec" -z "$codec" -X linger.ms=50 <"$RECORDS"
        for topic in "theirs-$codec" "ours-$codec"; do
            all "$topic" >"$SCRATCH/read"
            same "$RECORDS" "$SCRATCH/read"
        done
    done
}

acks0() {
    seq 2000 | sed 's/.*/k\t&/' >"$SCRATCH/numbers"
    send acks-0 -X acks=0 <"$SCRATCH/numbers"
    all acks-0 >"$SCRATCH/read"
    same "$SCRATCH/numbers" "$SCRATCH/read"
}

assign() {
    send assign <"$RECORDS"
    [ "$(kcat -C -q -b "$BOOTSTRAP" -t assign -o -1 -e -f '%o\n' | wc -l)" = 4 ]
    [ "$(kcat -Q -b "$BOOTSTRAP" -t assign:0:1)" = "assign [0] offset 0" ]
    timeout 20 kcat -L -b "$BOOTSTRAP" | grep -q 'topic "assign" with 4 partitions'
}

# A member of a group, that writes what it reads into a file and its assignments into another.
member() {
    kcat -G "$1" -u -b "$BOOTSTRAP" -X auto.offset.reset=earliest -X session.timeout.ms=6000 -f '%k\t%s\n' "$3" \
        >"$SCRATCH/$2" 2>"$SCRATCH/$2.assigned" &
}
# The number of partitions of a member's newest assignment.
assigned() { grep 'assigned:' "$SCRATCH/$1.assigned" | tail -1 | grep -o '\[[0-9]*\]' | wc -l; }
await() {
    local deadline=$((SECONDS + wait_seconds_max))
    until "${@:2}"; do
        [ $SECONDS -lt $deadline ] || { echo "$1: not within $wait_seconds_max s" >&2; return 1; }
        sleep 0.1
    done
}
split_in_two() { [ "$(assigned one)" = 2 ] && [ "$(assigned two)" = 2 ] && read_all; }
read_all() { [ "$(cat "$SCRATCH/one" "$SCRATCH/two" | wc -l)" -ge "$(wc -l <"$RECORDS")" ]; }
all_again() { [ "$(assigned one)" = 4 ]; }
read_late() { grep -q late "$SCRATCH/three"; }

group() {
    send group <"$RECORDS"
    member g one group
    local one=$! two three
    member g two group
    two=$!
    await "two partitions for each of two members" split_in_two
    kill $two && wait $two
    await "all partitions for who stayed" all_again
    # It commits what it read when it leaves.
    kill $one && wait $one
    echo $'late\tlate' | send group
    member g three group
    three=$!
    await "the late record" read_late
    kill $three && wait $three
    [ "$(cat "$SCRATCH/three")" = $'late\tlate' ]
}

both_patterns() { [ "$(LC_ALL=C sort "$SCRATCH/pattern" | tr '\n' ' ')" = $'k\tpattern-1 k\tpattern-2 ' ]; }
pattern() {
    local topic
    for topic in pattern-1 pattern-2 other; do echo $'k\t'$topic | send "$topic"; done
    member p pattern '^pattern-.*'
    local reader=$!
    await "the records of both topics" both_patterns
    kill $reader && wait $reader
}

# All that kcat is given is one transaction.
transactions() {
    send transactions -X transactional.id=t <"$RECORDS"
    all transactions -X isolation.level=read_committed >"$SCRATCH/read"
    same "$RECORDS" "$SCRATCH/read"
}

printf 'version\t%s\n' "$(kcat -V | sed -n 's/^Version \([^ ]*\).*/\1/p')"
for check in produce codecs acks0 assign group pattern transactions; do
    # In no condition, where bash would go on after a failure.
    set +e
    (trap 'kill $(jobs -p) 2>/dev/null || true' EXIT; set -e; "$check") >"$SCRATCH/$check.log" 2>&1
    status=$?
    set -e
    cat "$SCRATCH/$check.log" >&2
    case $status in
        0) printf '%s\tok\n' "$check" ;;
        *) printf '%s\tFAILED\t%s\n' "$check" "$(tail -1 "$SCRATCH/$check.log")" ;;
    esac
done
printf 'admin\tnone\tkcat only looks\n'
