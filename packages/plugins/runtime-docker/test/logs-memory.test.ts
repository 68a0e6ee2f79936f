import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DockerEngine, needs } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { run } from './labelled.js'

const reader = fileURLToPath(new URL('log-reader.mjs', import.meta.url))
/** Milliseconds that an engine on a busy machine may take to print it all. */
const patience = 240_000
/** MiB that a reader may grow by: a fraction of what passes through it. */
const most = 64

describe('the memory of who follows a log', needs('docker'), () => {
  let docker: DockerEngine
  beforeAll(async () => (docker = await DockerEngine.start()))
  afterAll(() => docker.close())

  /** What a process of its own reads of a container; it is warm after so many bytes. */
  async function follow(script: string, warm: number) {
    const id = await run(docker, script)
    const words = [reader, docker.host, String(warm)]
    const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: patience })
    await docker.docker('rm', '--force', id)
    const { grown, ...came } = JSON.parse(stdout) as Record<'lines' | 'bytes' | 'skipped' | 'grown', number>
    assert.ok(grown < most, `${grown} MiB`)
    return came
  }

  it('stays flat in a burst of short lines, and none is lost', { timeout: patience }, async () => {
    const came = await follow('yes abcd | head -n 1000000; echo last; sleep 1000', 400_000)
    assert.deepEqual(came, { lines: 1_000_001, bytes: 4_000_004, skipped: 0 })
  })

  it('stays flat in one line of 200 MB, and every byte of it comes', { timeout: patience }, async () => {
    const came = await follow(
      `head -c 200000000 /dev/zero | tr '\\0' x; echo; echo last; sleep 1000`,
      20_000_000,
    )
    assert.deepEqual(came, { lines: 2, bytes: 200_000_004, skipped: 0 })
  })
})
