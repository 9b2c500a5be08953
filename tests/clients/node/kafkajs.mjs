// kafkajs: every capability, a function each.
import assert from 'node:assert'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { lz4Compress, lz4Decompress } from '@platformatic/wasm-utils'
import kafkajs from 'kafkajs'
import snappy from 'kafkajs-snappy'
import { bootstrap, codecs as names, numbers, pause, records, run, same, until } from './checks.mjs'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs
CompressionCodecs[CompressionTypes.Snappy] = snappy
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async encoder => lz4Compress(encoder.buffer),
  decompress: async buffer => lz4Decompress(buffer)
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async encoder => zstdCompressSync(encoder.buffer),
  decompress: async buffer => zstdDecompressSync(buffer)
})
const typeOf = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

const kafka = new Kafka({ clientId: 'kafkajs', brokers: bootstrap, logLevel: process.env.TRACE ? logLevel.INFO : logLevel.NOTHING })

async function send(topic, messages, { settings = {}, ...how } = {}) {
  const producer = kafka.producer(settings)
  await producer.connect()
  await producer.send({ topic, messages, ...how })
  await producer.disconnect()
}

// A member of a group that notes what it reads. kafkajs has no assignment by hand.
async function member(groupId, topics, settings = {}) {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 200, ...settings })
  const it = { consumer, got: [], partitions: 0, leave: () => consumer.disconnect() }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    it.partitions = Object.values(payload.memberAssignment).flat().length
  })
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) =>
      void it.got.push({ partition, offset: message.offset, key: `${message.key}`, value: `${message.value}` })
  })
  return it
}

// So many records, and not one more that would come soon.
async function read(topics, count, settings, groupId = `read-${topics}-${Math.random()}`) {
  const it = await member(groupId, [topics].flat(), settings)
  await until(() => it.got.length >= count, `${count} records`)
  await pause(200)
  assert.strictEqual(it.got.length, count)
  await it.leave()
  return it.got
}

async function produce() {
  await send('produce', records, { settings: { idempotent: true }, acks: -1 })
  await send('produce', records, { acks: 1 })
  same(await read('produce', 2 * records.length), [...records, ...records])
}

async function codecs() {
  for (const name of names) {
    await send(`theirs-${name}`, records, { compression: typeOf[name] })
    same(await read(`theirs-${name}`, records.length), records)
    same(await read(`ours-${name}`, records.length), records)
  }
}

async function acks0() {
  await send('acks-0', numbers(2000), { acks: 0 })
  same(await read('acks-0', 2000), numbers(2000))
}

async function group() {
  await send('group', records)
  const [one, two] = await Promise.all([member('g', ['group']), member('g', ['group'])])
  const got = () => one.got.length + two.got.length
  await until(() => one.partitions === 2 && two.partitions === 2 && got() >= records.length, 'two partitions for each')
  await two.leave()
  await until(() => one.partitions === 4, 'all partitions for who stayed')
  const ends = await withAdmin(admin => admin.fetchTopicOffsets('group'))
  await one.consumer.commitOffsets(ends.map(({ partition, offset }) => ({ topic: 'group', partition, offset })))
  await one.leave()
  await send('group', [{ key: 'late', value: 'late' }])
  same(await read('group', 1, {}, 'g'), [{ key: 'late', value: 'late' }])
}

async function pattern() {
  const topics = ['pattern-1', 'pattern-2', 'other']
  for (const topic of topics) await send(topic, [{ key: 'k', value: topic }])
  same(await read(/^pattern-.*/, 2), topics.slice(0, 2).map(value => ({ key: 'k', value })))
}

async function transactions() {
  const producer = kafka.producer({ transactionalId: 't', idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (const [value, end, offset] of [['aborted', 'abort', '3'], ['committed', 'commit', '7']]) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'transactions', messages: numbers(10, value) })
    await transaction.sendOffsets({
      consumerGroupId: 't', topics: [{ topic: 'group', partitions: [{ partition: 0, offset }] }]
    })
    await transaction[end]()
  }
  await producer.disconnect()
  same(await read('transactions', 10, { readUncommitted: false }), numbers(10, 'committed'))
  await read('transactions', 20, { readUncommitted: true })
  const [offsets] = await withAdmin(admin => admin.fetchOffsets({ groupId: 't', topics: ['group'] }))
  assert.strictEqual(offsets.partitions.find(it => it.partition === 0).offset, '7')
}

async function withAdmin(what) {
  const admin = kafka.admin()
  await admin.connect()
  const result = await what(admin)
  await admin.disconnect()
  return result
}

const admin = () => withAdmin(async function (admin) {
  const topic = 'admin'
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  const setting = async () => {
    const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false })
    return resources[0].configEntries.find(it => it.configName === 'retention.ms').configValue
  }
  const configEntries = value => [{ name: 'retention.ms', value }]
  await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries: configEntries('1000000') }] })
  assert.strictEqual(await setting(), '1000000')
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries: configEntries('2000000') }] })
  assert.strictEqual(await setting(), '2000000')
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
  assert.strictEqual((await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length, 4)
  await send(topic, records)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] })
  const topics = await admin.listTopics()
  assert(topics.includes('ours-gzip') && topics.includes(topic))
  assert((await admin.describeCluster()).brokers.length > 0)
  await groups(admin)
  await assert.rejects(admin.describeAcls({
    resourceType: 1, resourcePatternType: 1, operation: 1, permissionType: 1
  }), { type: 'SECURITY_DISABLED' })
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic), 'the topic gone')
})

async function groups(admin) {
  const one = await member('a', ['ours-none'])
  await until(() => one.partitions === 4, 'an assignment')
  await one.consumer.commitOffsets([{ topic: 'ours-none', partition: 0, offset: '1' }])
  assert((await admin.listGroups()).groups.some(it => it.groupId === 'a'))
  assert.strictEqual((await admin.describeGroups(['a'])).groups[0].members.length, 1)
  await one.leave()
  const [{ partitions }] = await admin.fetchOffsets({ groupId: 'a', topics: ['ours-none'] })
  assert.strictEqual(partitions.find(it => it.partition === 0).offset, '1')
  await admin.deleteGroups(['a'])
}

console.log('assign\tnone\tkafkajs reads as a member of a group alone')
await run('kafkajs', [produce, codecs, acks0, group, pattern, transactions, admin])
