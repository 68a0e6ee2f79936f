import assert from 'node:assert/strict'
import { deadline, systemClock, type LogFrame, type LogQuery } from '@longshore/core'
import { DockerEngine, needs } from '@longshore/core/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest'
import { Engine } from '../src/client.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { DockerTelemetry } from '../src/telemetry/telemetry.js'
import { removeAll, run as runLabelled } from './labelled.js'

/** Milliseconds that something may take to be read. */
const patience = 30_000
const placement = { service: 'hello', host: 'box' }

/** What each driver keeps is read another way: from its file, by the engine. */
const drivers = ['json-file', 'local']

describe.each(drivers)('the logs of containers, kept by %s,', needs('docker'), (driver) => {
  let docker: DockerEngine
  let telemetry: DockerTelemetry
  let stop: AbortController
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())
  beforeEach(() => {
    stop = new AbortController()
    telemetry = new DockerTelemetry({
      engine: new Engine(findEndpoint(docker.host, {})),
      clock: systemClock,
      host: 'box',
    })
  })
  afterEach(async () => {
    stop.abort()
    await removeAll(docker)
  })

  const run = (script: string, ...options: string[]) =>
    runLabelled(docker, script, '--log-driver', driver, ...options)

  function logs(query: Omit<LogQuery, 'service' | 'host'> = {}): AsyncIterable<LogFrame> {
    const signal = AbortSignal.any([stop.signal, deadline(patience)])
    return telemetry.logs({ ...placement, ...query }, signal)
  }

  /** Lines put together from their parts, until one is as given, or the end; in brackets what was missed. */
  async function read(frames: AsyncIterable<LogFrame>, last?: string): Promise<string[]> {
    const texts: string[] = []
    const begun: Record<string, string> = {}
    for await (const { lines, skipped } of frames) {
      if (skipped > 0) texts.push(`(${skipped})`)
      for (const { instance, stream, bytes, partial } of lines) {
        const text = (begun[instance + stream] ?? '') + Buffer.from(bytes).toString()
        begun[instance + stream] = partial ? text : ''
        if (!partial) texts.push(text)
      }
      if (last !== undefined && texts.includes(last)) break
    }
    return texts
  }

  const count = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`)

  it('are those of a terminal too, long lines whole and no time within them', async () => {
    // The driver local loses where a terminal's line of several records ends.
    const length = driver === 'local' ? 16_000 : 50_000
    const script = `stty -opost; head -c ${length} /dev/zero | tr '\\0' x; echo; printf '\\033]52;c;aGk=\\007\\n'; echo last`
    const id = await run(script, '--tty')
    await docker.docker('wait', id)
    assert.deepEqual(await read(logs()), ['x'.repeat(length), '\x1b]52;c;aGk=\x07', 'last'])
  })

  it('are told to two viewers at once, who come at different times', async () => {
    await run('for i in $(seq 1 400); do echo $i; usleep 5000; done')
    const first = read(logs({ follow: true }), '400')
    await read(logs({ follow: true }), '50')
    const second = read(logs({ follow: true }), '400')
    const third = read(logs({ follow: true, tail: 0 }), '400')
    assert.deepEqual(await first, count(1, 400))
    assert.deepEqual(await second, count(1, 400))
    const late = await third
    assert.deepEqual(late, count(401 - late.length, 400))
    assert.ok(late.length < 400)
  })

  it('are followed from a moment when nothing is there yet', async () => {
    await run('sleep 0.5; echo first; sleep 0.2; echo last')
    assert.deepEqual(await read(logs({ follow: true }), 'last'), ['first', 'last'])
  })

  it('come to the end of a container that is removed by force', async () => {
    const id = await run(
      'seq 1 20000; trap "seq 20001 40000; echo last; exit" TERM; while :; do sleep 0.1; done',
    )
    const following = read(logs({ follow: true }), 'last')
    await read(logs({ follow: true }), '20000')
    await docker.docker('stop', id)
    // A file that is held open can still be read; what the engine has to tell goes with the container.
    if (driver === 'local') await following
    await docker.docker('rm', '--force', id)
    assert.deepEqual(await following, [...count(1, 40_000), 'last'])
  })

  it('go on when a container is started again, also one that ended in the middle of a line', async () => {
    const id = await run('echo a; printf b; test -e /again && echo last; touch /again')
    await docker.docker('wait', id)
    const following = read(logs({ follow: true }), 'blast')
    await read(logs({ follow: true }), 'b')
    await docker.docker('start', id)
    assert.deepEqual(await following, ['a', 'b', 'a', 'blast'])
  })

  it('go on without a gap or a double when the engine was away', async () => {
    const script = `trap exit TERM; i=$(cat /at 2>/dev/null || echo 0)
      while ! test -e /end; do i=$((i+1)); echo $i; echo $i > /at; usleep 2000; done; echo last; sleep 1000`
    const id = await run(script, '--restart', 'always')
    const following = read(logs({ follow: true }), 'last')
    await read(logs({ follow: true }), '100')
    await docker.down()
    await docker.up()
    await docker.kill()
    await docker.up()
    await docker.docker('exec', id, 'touch', '/end')
    assert.deepEqual(await following, (await docker.docker('logs', id)).split('\n'))
  })

  it('say that the engine is away when they are asked for', async () => {
    await docker.down()
    await assert.rejects(read(logs()), { code: 'ENGINE_AWAY' })
    await assert.rejects(read(logs({ follow: true })), { code: 'ENGINE_AWAY' })
    await docker.up()
  })

  it('say that a log driver keeps nothing that can be read', async () => {
    await run('echo hello', '--log-driver', 'none')
    await assert.rejects(read(logs()), { code: 'ENGINE_REFUSED' })
  })
})
