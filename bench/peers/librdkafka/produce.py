"""librdkafka's producer by confluent-kafka, whose loop is Python: a bound on librdkafka from below.

   [CA=ca.pem] produce.py ADDRESS TOPIC VALUE_BYTES BATCH_BYTES RECORDS RUNS
"""

import os
import sys
import time

from confluent_kafka import Producer

address, topic, length, batch, records, runs = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
settings = {"bootstrap.servers": address, "linger.ms": 5, "batch.size": batch, "enable.idempotence": True,
            "queue.buffering.max.messages": 1000000}
if "CA" in os.environ:
    settings |= {"security.protocol": "SSL", "ssl.ca.location": os.environ["CA"]}
producer = Producer(settings)
value = b"v" * length
for run in range(runs + 1):
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(records):
        while True:
            try:
                producer.produce(topic, value)
                break
            except BufferError:
                producer.poll(0.01)
    assert producer.flush(60) == 0
    # The first is to warm up.
    if run:
        print('{"client":"rdkafka","wall_ns":%.1f,"cpu_ns":%.1f}'
              % ((time.perf_counter_ns() - wall) / records, (time.process_time_ns() - cpu) / records))
