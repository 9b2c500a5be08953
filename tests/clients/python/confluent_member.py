"""confluent-kafka, which is librdkafka, as a member of GROUP that reads TOPIC, until its input ends.

A line for whatever happens to it, as tests/tests/groups/mixed.rs reads them. What was read of a partition is committed
before the partition is let go.
"""

import os
import sys
import threading
import time

from confluent_kafka import Consumer, TopicPartition

TOPIC = os.environ["TOPIC"]
WAYS_TO_SHARE = {
    "eager": {"partition.assignment.strategy": "range", "heartbeat.interval.ms": 100, "session.timeout.ms": 6000},
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky", "heartbeat.interval.ms": 100,
                    "session.timeout.ms": 6000},
    "consumer": {"group.protocol": "consumer"},
}
# The offset behind what was read of each partition, and not yet committed.
behind = {}


def tell(*words):
    print(time.time_ns(), *words, flush=True)


def commit(consumer, partitions):
    offsets = [TopicPartition(TOPIC, it, behind.pop(it)) for it in partitions if it in behind]
    if offsets:
        for it in consumer.commit(offsets=offsets, asynchronous=False):
            assert it.error is None, it.error


def taken(consumer, partitions):
    commit(consumer, [it.partition for it in partitions])
    for it in partitions:
        tell("taken", it.partition)


def main():
    consumer = Consumer({"bootstrap.servers": os.environ["BOOTSTRAP"], "group.id": os.environ["GROUP"],
                         "auto.offset.reset": "earliest", "enable.auto.commit": False,
                         **WAYS_TO_SHARE[os.environ["PROTOCOL"]]})
    consumer.subscribe([TOPIC], on_revoke=taken,
                       on_assign=lambda _, partitions: [tell("given", it.partition) for it in partitions],
                       on_lost=lambda _, partitions: [tell("lost", it.partition) for it in partitions])
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.is_set():
        message = consumer.poll(0.05)
        if message is not None:
            assert message.error() is None, message.error()
            tell("read", message.partition(), int.from_bytes(message.value(), "big"))
            behind[message.partition()] = message.offset() + 1
    # Its partitions are taken as it closes.
    consumer.close()
    tell("left")


main()
