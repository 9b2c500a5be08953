// What the Node programs share: the records to write, and a line of output per capability.
import { readFileSync } from 'node:fs'
import assert from 'node:assert'

export const bootstrap = process.env.BOOTSTRAP.split(',')
export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const checkMsMax = 40_000
const waitMsMax = 15_000

// The { key, value } that everybody writes; the runner compares them with what our consumer reads.
export const records = readFileSync(process.env.RECORDS, 'utf8').split('\n').slice(0, -1).map(line => {
  const at = line.indexOf('\t')
  return { key: line.slice(0, at), value: line.slice(at + 1) }
})

export const numbers = (count, value) => Array.from({ length: count }, (_, n) => ({ key: `${n}`, value: value ?? `${n}` }))

// Both hold the same records, in whichever order.
export function same(read, wrote) {
  const plain = records => records.map(it => `${it.key}\t${it.value}`).sort()
  assert(JSON.stringify(plain(read)) === JSON.stringify(plain(wrote)),
    `${read.length} records read, ${wrote.length} written, or they differ`)
}

// Looks again and again until it is true.
export async function until(condition, what) {
  const deadline = Date.now() + waitMsMax
  while (!await condition()) {
    assert(Date.now() < deadline, `${what}: not within ${waitMsMax / 1000} s`)
    await pause(20)
  }
}

export const pause = ms => new Promise(done => setTimeout(done, ms))

// Prints the package's version and a line per capability: `NAME ok`, or `NAME FAILED why`.
export async function run(name, checks) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)))
  console.log(`version\t${version}`)
  process.on('unhandledRejection', error => console.error('nobody waits for this:', error))
  for (const check of checks) {
    let timer
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${checkMsMax / 1000} s`)), checkMsMax)
    })
    try {
      await Promise.race([check(), late])
      console.log(`${check.name}\tok`)
    } catch (error) {
      if (process.env.TRACE) console.error(error)
      const causes = (error.errors ?? [error.cause]).filter(Boolean).map(it => it.message)
      console.log(`${check.name}\tFAILED\t${[error.message, ...causes].join(': ').replaceAll('\n', ' ')}`)
    }
    clearTimeout(timer)
  }
  // What a client that failed left open shall not keep the program.
  process.exit(0)
}
