"""confluent-kafka, which is librdkafka: every capability, a function each."""

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, Consumer, ConsumerGroupTopicPartitions, Producer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, AdminClient
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic
from confluent_kafka.admin import ResourcePatternType, ResourceType

from checks import BOOTSTRAP, CODECS, records, run, same, until

ADMIN_SECONDS = 10


def producer(**settings):
    return Producer({"bootstrap.servers": BOOTSTRAP} | {key.replace("_", "."): it for key, it in settings.items()})


def consumer(group, **settings):
    common = {"bootstrap.servers": BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest",
              "enable.auto.commit": False, "session.timeout.ms": 6000}
    return Consumer(common | {key.replace("_", "."): it for key, it in settings.items()})


def send(to, topic, pairs):
    failures = []
    for key, value in pairs:
        to.produce(topic, value, key, on_delivery=lambda error, _: error and failures.append(error))
    left = to.flush(ADMIN_SECONDS)
    assert not failures and left == 0, f"{left} not delivered, {failures[:1]}"


def assigned(topic, **settings):
    """A consumer that was given every partition of the topic by hand."""
    it = consumer("by-hand", **settings)
    partitions = it.list_topics(topic, 10).topics[topic].partitions
    it.assign([TopicPartition(topic, index, OFFSET_BEGINNING) for index in partitions])
    return it


def read(it, count):
    """So many records, and not one more that would come soon."""
    got = []

    def enough():
        message = it.poll(1.0)
        if message is not None:
            assert message.error() is None, message.error()
            got.append((message.key(), message.value()))
        return len(got) >= count

    until(enough, f"{count} records")
    extra = it.poll(0.3)
    assert extra is None, f"more than {count} records"
    it.close()
    return got


def produce():
    send(producer(enable_idempotence=True), "produce", records())
    send(producer(acks=1), "produce", records())
    same(read(assigned("produce"), 2 * len(records())), 2 * records())


def codecs():
    for codec in CODECS:
        send(producer(compression_type=codec, linger_ms=50), f"theirs-{codec}", records())
        same(read(assigned(f"theirs-{codec}"), len(records())), records())
        same(read(assigned(f"ours-{codec}"), len(records())), records())


def acks0():
    pairs = [(None, b"%d" % n) for n in range(2000)]
    quick = producer(acks=0)
    send(quick, "acks-0", pairs)
    del quick
    same([value for _, value in read(assigned("acks-0"), 2000)], [value for _, value in pairs])


def assign():
    send(producer(), "assign", records())
    it = assigned("assign")
    ends = [it.get_watermark_offsets(partition, 10) for partition in it.assignment()]
    assert sum(end - start for start, end in ends) == len(records()), ends
    found = it.offsets_for_times([TopicPartition("assign", index, 1) for index in range(4)], 10)
    assert [partition.offset for partition in found] == [0] * 4, found
    it.assign([TopicPartition("assign", index, end - 1) for index, (_, end) in enumerate(ends)])
    read(it, 4)


def group():
    send(producer(), "group", records())
    one, two = consumer("g"), consumer("g")
    got = []

    def turn(*members):
        for member in members:
            message = member.poll(0.1)
            if message is not None:
                assert message.error() is None, message.error()
                got.append(message)

    def split():
        turn(one, two)
        return len(one.assignment()) == len(two.assignment()) == 2 and len(got) >= len(records())

    one.subscribe(["group"])
    two.subscribe(["group"])
    until(split, "two partitions for each of two members")
    two.close()
    until(lambda: turn(one) or len(one.assignment()) == 4, "all partitions for who stayed")
    one.commit(offsets=[TopicPartition("group", it, one.get_watermark_offsets(TopicPartition("group", it))[1])
                        for it in range(4)], asynchronous=False)
    one.close()
    send(producer(), "group", [(b"late", b"late")])
    three = consumer("g")
    three.subscribe(["group"])
    same(read(three, 1), [(b"late", b"late")])


def pattern():
    for topic in ["pattern-1", "pattern-2", "other"]:
        send(producer(), topic, [(b"k", topic.encode())])
    it = consumer("p")
    it.subscribe(["^pattern-.*"])
    same(read(it, 2), [(b"k", b"pattern-1"), (b"k", b"pattern-2")])


def transactions():
    it = producer(transactional_id="t")
    it.init_transactions(10)
    for batch, end in [(b"aborted", it.abort_transaction), (b"committed", it.commit_transaction)]:
        it.begin_transaction()
        send(it, "transactions", [(b"%d" % n, batch) for n in range(10)])
        reader = consumer("t")
        reader.subscribe(["group"])
        until(lambda: reader.poll(0.1) or reader.assignment(), "a member")
        it.send_offsets_to_transaction([TopicPartition("group", 0, 7 if batch == b"committed" else 3)],
                                       reader.consumer_group_metadata(), 10)
        reader.close()
        end(10)
    committed = [(b"%d" % n, b"committed") for n in range(10)]
    same(read(assigned("transactions", isolation_level="read_committed"), 10), committed)
    assert len(read(assigned("transactions", isolation_level="read_uncommitted"), 20)) == 20
    reader = consumer("t")
    assert reader.committed([TopicPartition("group", 0)], 10)[0].offset == 7
    reader.close()


def done(futures):
    return {key: future.result(ADMIN_SECONDS) for key, future in futures.items()}


def admin():
    it = AdminClient({"bootstrap.servers": BOOTSTRAP})
    done(it.create_topics([NewTopic("admin", 2, 1, config={"retention.ms": "1000000"})]))
    resource = ConfigResource(ResourceType.TOPIC, "admin")
    setting = lambda: done(it.describe_configs([resource]))[resource]["retention.ms"].value
    assert setting() == "1000000"
    entry = ConfigEntry("retention.ms", "2000000", incremental_operation=AlterConfigOpType.SET)
    done(it.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, "admin", incremental_configs=[entry])]))
    assert setting() == "2000000"
    done(it.create_partitions([NewPartitions("admin", 4)]))
    assert len(it.list_topics("admin", 10).topics["admin"].partitions) == 4
    send(producer(), "admin", records())
    done(it.delete_records([TopicPartition("admin", 0, -1)]))
    assert {"admin", "ours-gzip"} <= set(it.list_topics(timeout=10).topics)
    assert it.describe_cluster().result(ADMIN_SECONDS).controller is not None
    groups_of_cluster(it)
    # librdkafka says of a broker without ACLs that there are none.
    acls = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, None, None,
                            AclOperation.ANY, AclPermissionType.ANY)
    assert it.describe_acls(acls).result(ADMIN_SECONDS) == []
    done(it.delete_topics(["admin"]))
    until(lambda: "admin" not in it.list_topics(timeout=10).topics, "the topic gone")


def groups_of_cluster(it):
    member = consumer("a")
    member.subscribe(["ours-none"])
    until(lambda: member.poll(0.1) or member.assignment(), "a member")
    member.commit(offsets=[TopicPartition("ours-none", 0, 1)], asynchronous=False)
    assert "a" in [group.group_id for group in it.list_consumer_groups().result(ADMIN_SECONDS).valid]
    assert len(done(it.describe_consumer_groups(["a"]))["a"].members) == 1
    member.close()
    offsets = done(it.list_consumer_group_offsets([ConsumerGroupTopicPartitions("a")]))["a"].topic_partitions
    assert [(offset.partition, offset.offset) for offset in offsets] == [(0, 1)], offsets
    done(it.delete_consumer_groups(["a"]))


run(confluent_kafka.version(), [produce, codecs, acks0, assign, group, pattern, transactions, admin])
