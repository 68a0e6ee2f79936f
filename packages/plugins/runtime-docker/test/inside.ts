import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DockerEngine } from '@longshore/core/testkit'

/** Runs a Node script in the engine's network until it is closed; it has to print when it is ready. */
export async function runInside(
  docker: DockerEngine,
  script: string,
  ...words: string[]
): Promise<{ close(): Promise<void>; said(): string }> {
  const pid = (await readFile(join(docker.folder, 'pid'), 'utf8')).trim()
  const node = [process.execPath, '--input-type=module', '--eval', script, ...words]
  const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...node], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the script ended'))),
  ])
  return {
    said: () => said,
    async close() {
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    },
  }
}
