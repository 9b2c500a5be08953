// @platformatic/kafka: every capability, a function each. It subscribes to topics by name alone.
import assert from 'node:assert'
import { inspect } from 'node:util'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { bootstrap, codecs as names, numbers, pause, records, run, same, until } from './checks.mjs'

const common = { clientId: 'platformatic', bootstrapBrokers: bootstrap, autocreateTopics: true }
const ofTopic = (topic, pairs) => pairs.map(it => ({ topic, ...it }))

async function send(topic, pairs, how = {}) {
  const producer = new Producer({ ...common, serializers: stringSerializers })
  await producer.send({ messages: ofTopic(topic, pairs), ...how })
  await producer.close()
}

// A consumer that notes what it reads.
async function member(groupId, topic, how = {}) {
  const consumer = new Consumer({
    ...common, groupId, deserializers: stringDeserializers, sessionTimeout: 6000, heartbeatInterval: 500,
    maxWaitTime: 200, autocommit: false
  })
  const it = { consumer, got: [], leave: () => consumer.close(true) }
  it.partitions = () => (consumer.assignments ?? []).reduce((sum, topic) => sum + topic.partitions.length, 0)
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest', ...how })
  stream.on('data', message => it.got.push(message))
  stream.on('error', error => console.error(error))
  return it
}

// So many records, and not one more that would come soon.
async function read(topic, count, how = {}, groupId = `read-${topic}-${Math.random()}`) {
  const it = await member(groupId, topic, how)
  await until(() => it.got.length >= count, `${count} records`)
  await pause(200)
  assert.strictEqual(it.got.length, count)
  await it.leave()
  return it.got
}

async function produce() {
  await send('produce', records, { idempotent: true, acks: -1 })
  await send('produce', records, { acks: 1 })
  same(await read('produce', 2 * records.length), [...records, ...records])
}

async function codecs() {
  for (const name of names) {
    await send(`theirs-${name}`, records, { compression: name })
    same(await read(`theirs-${name}`, records.length), records)
    same(await read(`ours-${name}`, records.length), records)
  }
}

async function acks0() {
  // A producer that asks for no answer does not wait for the topic that Metadata makes.
  await send('acks-0', numbers(1))
  await send('acks-0', numbers(2000), { acks: 0 })
  same(await read('acks-0', 2001), [...numbers(1), ...numbers(2000)])
}

async function assign() {
  await send('assign', records)
  const consumer = new Consumer({ ...common, groupId: 'assign' })
  const ends = (await consumer.listOffsets({ topics: ['assign'] })).get('assign')
  const starts = (await consumer.listOffsets({ topics: ['assign'], timestamp: 1n })).get('assign')
  await consumer.close()
  assert.deepStrictEqual(starts, [0n, 0n, 0n, 0n])
  assert.strictEqual(ends.reduce((sum, end) => sum + Number(end), 0), records.length)
  const offsets = ends.map((end, partition) => ({ topic: 'assign', partition, offset: end - 1n }))
  await read('assign', 4, { mode: 'manual', offsets })
}

async function group() {
  await send('group', records)
  const [one, two] = await Promise.all([member('g', 'group'), member('g', 'group')])
  const got = () => one.got.length + two.got.length
  await until(() => one.partitions() === 2 && two.partitions() === 2 && got() >= records.length, 'two partitions for each')
  await two.leave()
  await until(() => one.partitions() === 4, 'all partitions for who stayed')
  const ends = (await one.consumer.listOffsets({ topics: ['group'] })).get('group')
  const offsets = ends.map((offset, partition) => ({ topic: 'group', partition, offset, leaderEpoch: -1 }))
  await one.consumer.commit({ offsets })
  await one.leave()
  const late = [{ key: 'late', value: 'late' }]
  await send('group', late)
  same(await read('group', 1, {}, 'g'), late)
}

async function transactions() {
  const producer = new Producer({ ...common, serializers: stringSerializers, transactionalId: 't', idempotent: true })
  for (const [value, end, count] of [['aborted', 'abort', 0], ['committed', 'commit', 1]]) {
    const source = await member('t', 'group')
    await until(() => source.got.length > 0, 'a record')
    const transaction = await producer.beginTransaction()
    await transaction.addConsumer(source.consumer)
    await transaction.send({ messages: ofTopic('transactions', numbers(10, value)) })
    await transaction.addOffset(source.got[0])
    await transaction[end]()
    const { topic, partition, offset } = source.got[0]
    await source.leave()
    const [kept] = await withAdmin(it => it.listConsumerGroupOffsets({ groups: ['t'] }))
    const committed = kept.topics.find(it => it.name === topic)?.partitions.find(it => it.partitionIndex === partition)
    assert.strictEqual(committed?.committedOffset, count ? offset + 1n : undefined)
  }
  await producer.close()
  same(await read('transactions', 10, { isolationLevel: 1 }), numbers(10, 'committed'))
  await read('transactions', 20, { isolationLevel: 0 })
}

async function withAdmin(what) {
  const admin = new Admin({ ...common })
  const result = await what(admin)
  await admin.close()
  return result
}

const admin = () => withAdmin(async function (admin) {
  const resource = { resourceType: 2, resourceName: 'admin' }
  const setting = async () => {
    const [{ configs }] = await admin.describeConfigs({ resources: [{ ...resource, configurationKeys: ['retention.ms'] }] })
    return configs[0].value
  }
  await admin.createTopics({ topics: ['admin'], partitions: 2, replicas: 1, configs: [{ name: 'retention.ms', value: '1000000' }] })
  assert.strictEqual(await setting(), '1000000')
  const change = { name: 'retention.ms', value: '2000000', configOperation: 0 }
  await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs: [change] }] })
  assert.strictEqual(await setting(), '2000000')
  await admin.alterConfigs({ resources: [{ ...resource, configs: [{ name: 'retention.ms', value: '1000000' }] }] })
  assert.strictEqual(await setting(), '1000000')
  await admin.createPartitions({ topics: [{ name: 'admin', count: 4, assignments: null }] })
  const metadata = await admin.metadata({ topics: ['admin'], forceUpdate: true })
  assert.strictEqual(metadata.topics.get('admin').partitionsCount, 4)
  await send('admin', records)
  await admin.deleteRecords({ topics: [{ name: 'admin', partitions: [{ partition: 0, offset: -1n }] }] })
  const topics = await admin.listTopics()
  assert(topics.includes('ours-gzip') && topics.includes('admin'))
  await groups(admin)
  const filter = { resourceType: 1, resourcePatternType: 1, resourceName: null, principal: null, host: null, operation: 1, permissionType: 1 }
  await assert.rejects(admin.describeAcls({ filter }), error => error.errors.some(it => inspect(it).includes('Security features are disabled')))
  await admin.deleteTopics({ topics: ['admin'] })
  await until(async () => !(await admin.listTopics()).includes('admin'), 'the topic gone')
})

async function groups(admin) {
  const one = await member('a', 'ours-none')
  await until(() => one.partitions() === 4, 'an assignment')
  await one.consumer.commit({ offsets: [{ topic: 'ours-none', partition: 0, offset: 1n, leaderEpoch: -1 }] })
  assert((await admin.listGroups()).has('a'))
  assert.strictEqual((await admin.describeGroups({ groups: ['a'] })).get('a').members.size, 1)
  await one.leave()
  const [{ topics }] = await admin.listConsumerGroupOffsets({ groups: ['a'] })
  assert.strictEqual(topics[0].partitions.find(it => it.partitionIndex === 0).committedOffset, 1n)
  await admin.deleteGroups({ groups: ['a'] })
}

console.log('pattern\tnone\t@platformatic/kafka subscribes to topics by name alone')
await run('@platformatic/kafka', [produce, codecs, acks0, assign, group, transactions, admin])
