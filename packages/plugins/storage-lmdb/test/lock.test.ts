import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makePlace, type Place } from './place.js'

let place: Place
let children: ChildProcess[]
beforeEach(async () => {
  place = await makePlace()
  children = []
})
afterEach(async () => {
  await Promise.all(children.map(killed))
  await place.remove()
})

/** Starts a Longshore's worth of a process on the store; answers it and what it said first. */
async function starter(): Promise<{ child: ChildProcess; said: string }> {
  const script = fileURLToPath(new URL('lock-holder.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, place.folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [bytes] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, said: bytes.toString().trim() }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'close')
}

it('refuses a second process by the pid of the first, and none after that one was killed', async () => {
  const { child, said } = await starter()
  expect(said).toBe('open')
  await expect(place.open()).rejects.toMatchObject({
    code: 'STORAGE_LOCKED',
    message: expect.stringContaining(String(child.pid)),
    data: { pid: child.pid },
  })
  await killed(child)
  const { storage } = await place.open()
  expect(storage.last()).toBe(0)
})

it('lets exactly one of many starters win, again and again', async () => {
  for (let round = 0; round < 2; round++) {
    const starters = await Promise.all(Array.from({ length: 4 }, starter))
    const said = starters.map((one) => one.said).sort()
    expect(said).toEqual([...Array.from({ length: 3 }, () => 'STORAGE_LOCKED'), 'open'])
    await Promise.all(starters.map(({ child }) => killed(child)))
  }
})
