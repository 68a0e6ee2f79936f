import assert from 'node:assert/strict'
import { appendFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { deadline, systemClock, type LogFrame, type LogQuery } from '@longshore/core'
import { DockerEngine, needs } from '@longshore/core/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest'
import { Engine } from '../src/client.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { DockerTelemetry } from '../src/telemetry/telemetry.js'
import { removeAll, run } from './labelled.js'

/** Milliseconds that something may take to be read. */
const patience = 50_000
const text = ({ bytes }: LogFrame['lines'][number]) => Buffer.from(bytes).toString()

describe('a log that is read from its file', needs('docker'), () => {
  let docker: DockerEngine
  let stop: AbortController
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())
  beforeEach(() => (stop = new AbortController()))
  afterEach(async () => {
    stop.abort()
    await removeAll(docker)
  })

  const fileOf = (id: string) => join(docker.folder, 'data/containers', id, `${id}-json.log`)

  function follow(query: Omit<LogQuery, 'service' | 'host'> = {}): AsyncIterable<LogFrame> {
    const telemetry = new DockerTelemetry({
      engine: new Engine(findEndpoint(docker.host, {})),
      clock: systemClock,
      host: 'box',
    })
    const signal = AbortSignal.any([stop.signal, deadline(patience)])
    return telemetry.logs({ service: 'hello', host: 'box', follow: true, ...query }, signal)
  }

  /** The first words, until a line is as given; in brackets what was missed. `once` is told of each line that is the newest. */
  async function until(
    last: string,
    frames: AsyncIterable<LogFrame>,
    once: (line: string) => Promise<void> = () => Promise.resolve(),
  ): Promise<string[]> {
    const texts: string[] = []
    for await (const { lines, skipped } of frames) {
      if (skipped > 0) texts.push(`(${skipped})`)
      texts.push(...lines.map((line) => text(line).split(' ')[0]!))
      if (texts.includes(last)) break
      await once(texts.at(-1)!)
    }
    return texts
  }

  const count = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`)

  it.each(['true', 'false'])('goes on in the next file, with compress=%s', async (compress) => {
    const limits = { 'max-size': '32k', 'max-file': '50', compress }
    const options = Object.entries(limits).flatMap(([name, value]) => ['--log-opt', `${name}=${value}`])
    // A pause is a process: not one for each line.
    const script = `for i in $(seq 1 1500); do printf '%d %300d\\n' $i 0; case $i in *0) usleep 5000;; esac; done; echo last; sleep 1000`
    await run(docker, script, ...options)
    const first = until('last', follow())
    await until('700', follow())
    const second = until('last', follow())
    assert.deepEqual(await first, [...count(1, 1_500), 'last'])
    assert.deepEqual(await second, [...count(1, 1_500), 'last'])
    for (const tail of [1, 40, 700])
      assert.deepEqual(await until('last', follow({ tail })), [...count(1_502 - tail, 1_500), 'last'])
  })

  it('begins where it is asked to', async () => {
    const id = await run(docker, 'seq 1 200000; sleep 2; seq 200001 200003; sleep 1000')
    await until('200003', follow())
    const told = await docker.docker('logs', '--timestamps', '--tail', '3', id)
    const since = Date.parse(told.split(' ')[0]!)
    assert.deepEqual(await until('200003', follow({ since })), count(200_001, 200_003))
    assert.deepEqual(await until('200003', follow({ tail: 5 })), count(199_999, 200_003))
  })

  it('is skipped, and counted, where one who looks cannot keep up', async () => {
    const id = await run(docker, 'sleep 1; seq 1 1000000; echo last; sleep 1000')
    let begun: Promise<void> | undefined
    const grown = async () => {
      while ((await stat(fileOf(id))).size < 48 * 2 ** 20) await sleep(20)
    }
    // It comes back when there is more than it may be behind.
    const texts = await until('last', follow({ tail: 0 }), () => (begun ??= grown()))
    let next = 1
    const missed = texts.filter((line) => line.startsWith('('))
    for (const line of texts.slice(0, -1)) {
      if (line.startsWith('(')) next += Number(line.slice(1, -1))
      else assert.equal(line, String(next++))
    }
    assert.equal(next, 1_000_001)
    assert.ok(missed.length > 0)
  })

  it('is read again from its beginning when somebody emptied it', async () => {
    const id = await run(
      docker,
      'seq 1 1000; until test -e /go; do usleep 10000; done; echo one; echo last; sleep 1000',
    )
    const texts = await until('last', follow(), async (line) => {
      if (line !== '1000') return
      await truncate(fileOf(id))
      await docker.docker('exec', id, 'touch', '/go')
    })
    assert.deepEqual(texts, [...count(1, 1_000), 'one', 'last'])
  })

  it('tells of what cannot be read in it', async () => {
    const id = await run(
      docker,
      'echo first; until test -e /go; do usleep 10000; done; echo last; sleep 1000',
    )
    const texts = await until('last', follow(), async (line) => {
      if (line !== 'first') return
      await appendFile(fileOf(id), '{"log":"torn\n')
      await docker.docker('exec', id, 'touch', '/go')
    })
    assert.deepEqual(texts, ['first', '(1)', 'last'])
  })
})
