import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTestKernel, verifyPlugin, type TestKernel } from '@longshore/core/testkit'
import { afterEach, expect, it } from 'vitest'
import plugin from '../src/index.js'
import { until } from './bench.js'

const url = 'https://git.example/team/hello.git'
let kernel: TestKernel | undefined

afterEach(() => kernel?.stop())

async function start(run: object): Promise<TestKernel> {
  const config = { services: { hello: { source: { url }, run: { kind: 'command', ...run } } } }
  return (kernel = await startTestKernel({ plugins: [plugin], config }))
}

function alive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

for (const law of verifyPlugin(plugin)) it(law.name, law.run)

it('deploys what is pushed, tells how it ends, and leaves nothing when the kernel stops', async () => {
  const { git, seen, stop } = await start({ up: './serve', keepAlive: true })
  const serve = {
    content: '#!/bin/sh\necho "$LONGSHORE_COMMIT"\nexec sleep 1000\n',
    executable: true as const,
  }
  git.commit(url, 'main', { serve })
  const started = await seen(({ kind }) => kind === 'instance.started')
  await seen(
    ({ kind, data }) => kind === 'deployment.settled' && (data as { outcome: string }).outcome === 'kept',
  )
  const { pid } = started.data as { pid: number }
  expect(alive(pid)).toBe(true)
  process.kill(pid, 'SIGKILL')
  const exited = await seen(({ kind }) => kind === 'instance.exited')
  expect(exited.data).toMatchObject({ exitCode: null, signal: 'SIGKILL', restartIn: 1000 })
  const again = await seen(({ kind, seq }) => kind === 'instance.started' && seq > exited.seq)
  await stop()
  kernel = undefined
  await until('it is gone', () => !alive((again.data as { pid: number }).pid))
})

it('tells of a stop that something may outlive, and of the end when that is gone', async () => {
  const { git, seen, flow, data } = await start({ up: ['sleep', '1000'], keepAlive: true, grace: '1s' })
  git.commit(url, 'main', { a: '1' })
  const { deployment } = await seen(({ kind }) => kind === 'deployment.settled')
  const held = openSync(join(data, 'runtime-command', 'hello', deployment!, 'stdout'), constants.O_RDWR)
  try {
    await flow.request({
      kind: 'stop',
      service: 'hello',
      why: 'the night',
      actor: { kind: 'local', name: 'ines' },
    })
    const stuck = await seen(({ kind }) => kind === 'service.stuck')
    expect(stuck.data).toMatchObject({ code: 'PROCESS_STUCK' })
  } finally {
    closeSync(held)
  }
  await seen(({ kind }) => kind === 'service.ended')
}, 60_000)
