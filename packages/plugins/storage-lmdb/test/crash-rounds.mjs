import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openStore } from '@longshore/storage-lmdb'

/** Small, so that many a kill falls into sealing. */
export const segment = 100
const services = ['api', 'web', 'worker']

/** The event of that seq: the same in every process. */
export function crashEvent(seq) {
  return {
    seq,
    id: `event-${seq}`,
    time: new Date(Date.parse('2026-01-01T00:00:00.000Z') + seq * 1000).toISOString(),
    host: 'box',
    actor: { kind: 'system' },
    kind: 'deployment.entered',
    service: services[seq % services.length],
    data: { seq, filling: 'x'.repeat(seq % 700) },
  }
}

/**
 * Lets a process append to the store in the folder, kills it after so many milliseconds of appending and looks what is
 * there. Answers how many events were acknowledged in it; rejects when one of them is lost or anything does not fit.
 */
export async function crashRound(folder, milliseconds) {
  const script = fileURLToPath(new URL('crash-appender.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (bytes) => (output += bytes))
  child.stderr.on('data', (bytes) => (errors += bytes))
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000)
  await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  clearTimeout(late)
  assert.equal(errors, '')
  assert.equal(child.signalCode, 'SIGKILL', 'it ended by itself')
  const acknowledged = output.split('\n').slice(1, -1).map(Number)
  await check(folder, Math.max(0, ...acknowledged))
  return acknowledged.length
}

async function check(folder, acknowledged) {
  const faults = []
  const started = performance.now()
  const store = await openStore(folder, { segment, report: (error) => faults.push(error) })
  try {
    const last = store.last()
    assert.ok(last >= acknowledged, `acknowledged ${acknowledged}, found up to ${last}`)
    await checkEvents(store, last)
    const newest = await store.list('newest')
    const wanted = services.map((service) => ({ key: service, value: { seq: newestOf(service, last) } }))
    const all = [...wanted, { key: 'of-all', value: { seq: last } }].filter(({ value }) => value.seq > 0)
    assert.deepEqual(
      newest,
      all.sort((a, b) => (a.key < b.key ? -1 : 1)),
    )
    assert.deepEqual(faults, [])
    assert.ok(performance.now() - started < 30_000)
  } finally {
    await store.close()
  }
}

async function checkEvents(store, last) {
  const found = []
  for (let page = { next: 0 }; page.next !== undefined; found.push(...page.events)) {
    page = await store.events({ after: page.next, limit: 1000 })
  }
  const first = found[0]?.seq ?? last + 1
  assert.deepEqual(
    found,
    Array.from({ length: last - first + 1 }, (_, index) => crashEvent(first + index)),
  )
  const expected = found.filter(({ service }) => service === 'web').slice(-200)
  const page = await store.events({ service: 'web', limit: 200 })
  assert.deepEqual(page.events.reverse(), expected)
}

function newestOf(service, last) {
  for (let seq = last; seq > 0; seq--) if (crashEvent(seq).service === service) return seq
  return 0
}
