import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { Archive, readArchive, Searches } from '@longshore/telemetry'

/** Lines a second that the archive has to keep up with. */
const rate = 50_000
const chunk = 1_000
const started = Date.parse('2026-01-01T00:00:00.000Z')
const words = ['GET', 'POST', 'PUT', 'DELETE']
const needle = 'request 7c9e-needle-in-the-hay was refused'

/** A thousand lines as a web server prints them, a hundred bytes each; `at` the number of the first. */
function linesFrom(at, marked) {
  return Array.from({ length: chunk }, (_, index) => {
    const number = at + index
    const id = Math.imul(number, 0x9e3779b1) >>> 0
    const text =
      number === marked
        ? needle
        : `${words[id & 3]} /api/v1/things/${id.toString(16)} status=${id % 97 === 0 ? 500 : 200} took=${id % 1000}ms user=${id % 5003} host=box-${number % 7} ok`
    return {
      time: started + Math.floor(number / 50),
      instance: 'i1',
      stream: 'stdout',
      bytes: Buffer.from(text),
      partial: false,
    }
  })
}

async function fill(archive, count, marked, plain) {
  for (let at = 0; at < count; at += chunk) {
    const lines = linesFrom(at, marked)
    await archive.append(lines)
    if (plain !== undefined) writeSync(plain, lines.map(({ bytes }) => `${bytes}\n`).join(''))
  }
}

function openArchive(directory) {
  const fail = (error) => {
    if (error) throw error
  }
  return Archive.open({
    directory,
    size: 2 ** 40,
    segmentAge: 86_400_000,
    knownOf: async () => ({ deployment: 'd' }),
    trouble: fail,
  })
}

/** CPU seconds, of every thread, that one second's lines cost when they come as fast as they must. */
async function keepUp(bench, seconds) {
  const archive = await openArchive(bench.path('rate'))
  const made = Array.from({ length: rate / chunk }, (_, index) => linesFrom(index * chunk))
  const cpu = process.cpuUsage()
  const begun = performance.now()
  let late = 0
  for (let second = 0; second < seconds; second++) {
    for (const [index, lines] of made.entries()) {
      const due = begun + second * 1000 + (index * 1000) / made.length
      const wait = due - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      await archive.append(lines)
      late = Math.max(late, performance.now() - due)
    }
  }
  const { user, system } = process.cpuUsage(cpu)
  await archive.close()
  return { cpu: (user + system) / 1e6 / seconds, late }
}

async function search(archive, searches, query, wanted) {
  const begun = performance.now()
  let found = 0
  for await (const { records } of await readArchive(archive, query, searches, new AbortController().signal))
    found += records?.times.length ?? 0
  if (found !== wanted) throw new Error(`found ${found} lines instead of ${wanted}`)
  return performance.now() - begun
}

function grep(plain) {
  const begun = performance.now()
  const { stdout } = spawnSync('grep', ['-F', needle, plain], { encoding: 'utf8' })
  if (stdout !== `${needle}\n`) throw new Error('grep found something else')
  return performance.now() - begun
}

export default {
  about:
    'An archive that is given 50,000 lines a second; a needle in five million lines of a hundred bytes, beside grep -F over the same text in one file.',
  async run(bench) {
    const seconds = bench.full ? 20 : 3
    const { cpu, late } = await keepUp(bench, seconds)
    bench.fact({ name: '50,000 lines/s: CPU', value: cpu, unit: 'CPU s/s' })
    bench.fact({ name: '50,000 lines/s: the most that it was behind', value: late, unit: 'ms', most: 1_000 })

    const count = bench.full ? 5_000_000 : 200_000
    const archive = await openArchive(bench.path('archive'))
    const path = bench.path('plain')
    const plain = openSync(path, 'w')
    const begun = performance.now()
    await fill(archive, count, Math.floor(count * 0.7), plain)
    bench.fact({
      name: 'lines that it takes in a second, as fast as it can',
      value: (count / (performance.now() - begun)) * 1000,
      unit: 'lines/s',
    })
    closeSync(plain)
    const kept = archive.segments.reduce((sum, { size }) => sum + size, 0)
    bench.fact({ name: 'disk a line', value: kept / count, unit: 'bytes' })
    const searches = new Searches()
    const lines = count.toLocaleString('en')
    await bench.pair({
      name: `a needle in ${lines} lines`,
      unit: 'ms',
      better: 'less',
      ours: () => search(archive, searches, { search: needle }, 1),
      reference: () => grep(path),
    })
    const name = `the same, from a start of its threads`
    const fresh = new Searches()
    bench.fact({ name, value: await search(archive, fresh, { search: needle }, 1), unit: 'ms', most: 1_000 })
    fresh.close()
    bench.fact({
      name: 'the same by a regular expression, which no filter helps',
      value: await search(archive, searches, { match: '7c9e-needle-[a-z-]+ was' }, 1),
      unit: 'ms',
    })
    bench.fact({
      name: 'the last 100 lines',
      value: await search(archive, searches, { tail: 100 }, 100),
      unit: 'ms',
    })
    searches.close()
    await archive.close()
  },
}
