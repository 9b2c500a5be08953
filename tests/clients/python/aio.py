"""aiokafka: every capability, a function each."""

import asyncio
import time

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from checks import BOOTSTRAP, CODECS, WAIT_SECONDS_MAX, records, run, same


async def until(condition, what):
    """Awaits `condition`, which does a piece of work each time, until it is true."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not await condition():
        assert time.monotonic() < deadline, f"{what}: not within {WAIT_SECONDS_MAX} s"


async def send_once(topic, pairs, **settings):
    async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, **settings) as it:
        await send(it, topic, pairs)
        await it.flush()


async def send(to, topic, pairs):
    for sent in [await to.send(topic, value, key) for key, value in pairs]:
        await sent


async def consumer(*topics, group=None, **settings):
    it = AIOKafkaConsumer(*topics, bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest",
                          enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=500, **settings)
    await it.start()
    return it


async def assigned(topic, **settings):
    """A consumer that was given every partition of the topic by hand."""
    it = await consumer(**settings)
    it.assign([TopicPartition(topic, index) for index in range(4)])
    await it.seek_to_beginning()
    return it


async def poll(it, timeout_ms=1000):
    return [record for batch in (await it.getmany(timeout_ms=timeout_ms)).values() for record in batch]


async def read(it, count):
    """So many records, and not one more that would come soon."""
    got = []

    async def enough():
        got.extend(await poll(it))
        return len(got) >= count

    await until(enough, f"{count} records")
    got += await poll(it, 300)
    assert len(got) == count, f"{len(got)} records instead of {count}"
    await it.stop()
    return [(record.key, record.value) for record in got]


async def produce():
    await send_once("produce", records(), acks="all", enable_idempotence=True)
    await send_once("produce", records(), acks=1)
    same(await read(await assigned("produce"), 2 * len(records())), 2 * records())


async def codecs():
    for codec in CODECS:
        await send_once(f"theirs-{codec}", records(), compression_type=None if codec == "none" else codec, linger_ms=50)
        same(await read(await assigned(f"theirs-{codec}"), len(records())), records())
        same(await read(await assigned(f"ours-{codec}"), len(records())), records())


async def acks0():
    pairs = [(b"k", b"%d" % n) for n in range(2000)]
    await send_once("acks-0", pairs, acks=0)
    same(await read(await assigned("acks-0"), 2000), pairs)


async def assign():
    await send_once("assign", records())
    it = await assigned("assign")
    partitions = list(it.assignment())
    starts, ends = await it.beginning_offsets(partitions), await it.end_offsets(partitions)
    assert sum(ends[each] - starts[each] for each in partitions) == len(records()), ends
    found = await it.offsets_for_times({each: 1 for each in partitions})
    assert all(found[each].offset == 0 for each in partitions), found
    for each in partitions:
        it.seek(each, ends[each] - 1)
    await read(it, 4)


async def group():
    await send_once("group", records())
    # A first member is there when `start` returns; the second starts while the first goes on.
    one = await consumer("group", group="g")
    two = await consumer("group", group="g")
    got = []

    async def split():
        got.extend(await poll(one, 100) + await poll(two, 100))
        return len(one.assignment()) == len(two.assignment()) == 2 and len(got) >= len(records())

    async def all_left():
        await poll(one, 100)
        return len(one.assignment()) == 4

    await until(split, "two partitions for each of two members")
    await two.stop()
    await until(all_left, "all partitions for who stayed")
    await one.commit({each: (end, "") for each, end in (await one.end_offsets(one.assignment())).items()})
    await one.stop()
    await send_once("group", [(b"late", b"late")])
    same(await read(await consumer("group", group="g"), 1), [(b"late", b"late")])


async def pattern():
    for topic in ["pattern-1", "pattern-2", "other"]:
        await send_once(topic, [(b"k", topic.encode())])
    it = await consumer(group="p")
    it.subscribe(pattern="^pattern-.*")
    same(await read(it, 2), [(b"k", b"pattern-1"), (b"k", b"pattern-2")])


async def transactions():
    position = TopicPartition("group", 0)
    async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id="t") as it:
        for batch, offset in [(b"aborted", 3), (b"committed", 7)]:
            await it.begin_transaction()
            await send(it, "transactions", [(b"%d" % n, batch) for n in range(10)])
            await it.send_offsets_to_transaction({position: offset}, "t")
            await (it.abort_transaction() if batch == b"aborted" else it.commit_transaction())
    committed = [(b"%d" % n, b"committed") for n in range(10)]
    same(await read(await assigned("transactions", isolation_level="read_committed"), 10), committed)
    assert len(await read(await assigned("transactions", isolation_level="read_uncommitted"), 20)) == 20
    reader = await consumer(group="t")
    assert await reader.committed(position) == 7
    await reader.stop()


def right(response):
    """An answer that names no error, in whichever list it would stand."""
    lists = [response.topic_errors] if hasattr(response, "topic_errors") else [response.resources]
    assert all(code == 0 for items in lists for code in [item[1] if hasattr(response, "topic_errors") else item[0]
                                                         for item in items]), response
    return response


async def admin():
    it = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await it.start()
    right(await it.create_topics([NewTopic("admin", 2, 1, topic_configs={"retention.ms": "1000000"})]))
    resource = ConfigResource(ConfigResourceType.TOPIC, "admin", {"retention.ms": "2000000"})

    async def setting():
        (answer,) = await it.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "admin")])
        return {entry[0]: entry[1] for entry in right(answer).resources[0][4]}["retention.ms"]

    assert await setting() == "1000000"
    for answer in await it.alter_configs([resource]):
        right(answer)
    assert await setting() == "2000000"
    right(await it.create_partitions({"admin": NewPartitions(4)}))
    assert len((await it.describe_topics(["admin"]))[0]["partitions"]) == 4
    await send_once("admin", records())
    await it.delete_records({TopicPartition("admin", 0): RecordsToDelete(-1)})
    assert {"admin", "ours-gzip"} <= set(await it.list_topics())
    assert (await it.describe_cluster())["brokers"]
    member = await consumer("ours-none", group="a")
    await member.commit({TopicPartition("ours-none", 0): (1, "")})
    assert "a" in [group[0] for group in await it.list_consumer_groups()]
    assert len((await it.describe_consumer_groups(["a"]))[0].groups[0][5]) == 1
    await member.stop()
    assert (await it.list_consumer_group_offsets("a"))[TopicPartition("ours-none", 0)].offset == 1
    await it.delete_topics(["admin"])

    async def gone():
        return "admin" not in await it.list_topics()

    await until(gone, "the topic gone")
    await it.close()


def sync(check):
    def started():
        asyncio.run(check())
    started.__name__ = check.__name__
    return started


run(aiokafka.__version__, [sync(it) for it in [produce, codecs, acks0, assign, group, pattern, transactions, admin]])
