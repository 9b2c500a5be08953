"""kafka-python: every capability, a function each."""

from concurrent.futures import ThreadPoolExecutor

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ACLFilter, ACLOperation, ACLPermissionType, ACLResourcePatternType
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.admin import KafkaAdminClient, NewTopic, ResourcePatternFilter, ResourceType
from kafka.errors import SecurityDisabledError
from kafka.structs import OffsetAndMetadata

from checks import BOOTSTRAP, CODECS, records, run, same, until

SERVERS = BOOTSTRAP.split(",")


def producer(**settings):
    return KafkaProducer(bootstrap_servers=SERVERS, **settings)


def consumer(group=None, **settings):
    return KafkaConsumer(bootstrap_servers=SERVERS, group_id=group, auto_offset_reset="earliest",
                         enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=500, **settings)


def send(to, topic, pairs):
    sent = [to.send(topic, value, key) for key, value in pairs]
    to.flush(10)
    for each in sent:
        each.get(10)


def send_once(topic, pairs, **settings):
    it = producer(**settings)
    send(it, topic, pairs)
    it.close()


def assigned(topic, **settings):
    """A consumer that was given every partition of the topic by hand."""
    it = consumer(**settings)
    partitions = [TopicPartition(topic, index) for index in sorted(it.partitions_for_topic(topic))]
    it.assign(partitions)
    it.seek_to_beginning(*partitions)
    return it


def poll(it, timeout_ms=1000):
    return [record for batch in it.poll(timeout_ms).values() for record in batch]


def read(it, count):
    """So many records, and not one more that would come soon."""
    got = []
    until(lambda: got.extend(poll(it)) or len(got) >= count, f"{count} records")
    got += poll(it, 300)
    assert len(got) == count, f"{len(got)} records instead of {count}"
    it.close()
    return [(record.key, record.value) for record in got]


def produce():
    send_once("produce", records(), acks="all", enable_idempotence=True)
    send_once("produce", records(), acks=1, enable_idempotence=False)
    same(read(assigned("produce"), 2 * len(records())), 2 * records())


def codecs():
    for codec in CODECS:
        send_once(f"theirs-{codec}", records(), compression_type=None if codec == "none" else codec, linger_ms=50)
        same(read(assigned(f"theirs-{codec}"), len(records())), records())
        same(read(assigned(f"ours-{codec}"), len(records())), records())


def acks0():
    pairs = [(b"k", b"%d" % n) for n in range(2000)]
    send_once("acks-0", pairs, acks=0, enable_idempotence=False)
    same(read(assigned("acks-0"), 2000), pairs)


def assign():
    send_once("assign", records())
    it = assigned("assign")
    partitions = it.assignment()
    starts, ends = it.beginning_offsets(partitions), it.end_offsets(partitions)
    assert sum(ends[each] - starts[each] for each in partitions) == len(records()), ends
    found = it.offsets_for_times({each: 1 for each in partitions})
    assert all(found[each].offset == 0 for each in partitions), found
    for each in partitions:
        it.seek(each, ends[each] - 1)
    read(it, 4)


def group():
    send_once("group", records())
    one, two = consumer("g"), consumer("g")
    got = []

    def split():
        # At the same time: each waits for the other in a rebalance.
        with ThreadPoolExecutor() as threads:
            got.extend(record for batch in threads.map(poll, [one, two]) for record in batch)
        return len(one.assignment()) == len(two.assignment()) == 2 and len(got) >= len(records())

    one.subscribe(["group"])
    two.subscribe(["group"])
    until(split, "two partitions for each of two members")
    two.close()
    until(lambda: poll(one) is None or len(one.assignment()) == 4, "all partitions for who stayed")
    one.commit({each: OffsetAndMetadata(end, "", -1) for each, end in one.end_offsets(one.assignment()).items()})
    one.close()
    send_once("group", [(b"late", b"late")])
    three = consumer("g")
    three.subscribe(["group"])
    same(read(three, 1), [(b"late", b"late")])


def pattern():
    for topic in ["pattern-1", "pattern-2", "other"]:
        send_once(topic, [(b"k", topic.encode())])
    it = consumer("p")
    it.subscribe(pattern="^pattern-.*")
    same(read(it, 2), [(b"k", b"pattern-1"), (b"k", b"pattern-2")])


def transactions():
    it = producer(transactional_id="t")
    it.init_transactions()
    position = TopicPartition("group", 0)
    for batch, offset, end in [(b"aborted", 3, it.abort_transaction), (b"committed", 7, it.commit_transaction)]:
        it.begin_transaction()
        send(it, "transactions", [(b"%d" % n, batch) for n in range(10)])
        reader = consumer("t")
        reader.subscribe(["group"])
        until(lambda: poll(reader) is None or reader.assignment(), "a member")
        it.send_offsets_to_transaction({position: OffsetAndMetadata(offset, "", -1)}, reader.group_metadata())
        reader.close()
        end()
    it.close()
    committed = [(b"%d" % n, b"committed") for n in range(10)]
    same(read(assigned("transactions", isolation_level="read_committed"), 10), committed)
    assert len(read(assigned("transactions", isolation_level="read_uncommitted"), 20)) == 20
    reader = consumer("t")
    assert reader.committed(position) == 7
    reader.close()


def admin():
    it = KafkaAdminClient(bootstrap_servers=SERVERS)
    it.create_topics([NewTopic("admin", 2, 1, topic_configs={"retention.ms": "1000000"})])
    setting = lambda: it.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "admin")],
                                          config_filter="all")["topic"]["admin"]["retention.ms"]["value"]
    assert setting() == "1000000"
    for incremental, value in [(True, "2000000"), (False, "3000000")]:
        it.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "admin", {"retention.ms": value})],
                         incremental=incremental)
        assert setting() == value
    it.create_partitions({"admin": 4})
    assert len(it.describe_topics(["admin"])[0]["partitions"]) == 4
    send_once("admin", records())
    it.delete_records({TopicPartition("admin", 0): -1})
    assert {"admin", "ours-gzip"} <= set(it.list_topics())
    assert it.describe_cluster()["controller_id"] is not None
    assert it.describe_log_dirs()
    groups_of_cluster(it)
    try:
        it.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY,
                                   ResourcePatternFilter(ResourceType.TOPIC, "admin", ACLResourcePatternType.ANY)))
        raise AssertionError("ACLs without an authorizer")
    except SecurityDisabledError:
        pass
    it.delete_topics(["admin"])
    until(lambda: "admin" not in it.list_topics(), "the topic gone")
    it.close()


def groups_of_cluster(it):
    member = consumer("a")
    member.subscribe(["ours-none"])
    until(lambda: poll(member) is None or member.assignment(), "a member")
    position = TopicPartition("ours-none", 0)
    member.commit({position: OffsetAndMetadata(1, "", -1)})
    assert "a" in [group["group_id"] for group in it.list_groups()]
    assert len(it.describe_groups(["a"])["a"]["members"]) == 1
    member.close()
    assert it.list_group_offsets(["a"])["a"][position].offset == 1
    it.delete_groups(["a"])


run(kafka.__version__, [produce, codecs, acks0, assign, group, pattern, transactions, admin])
