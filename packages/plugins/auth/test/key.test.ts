import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startAuth } from './start.js'

/** A data folder whose key is this; none when undefined. */
async function folderWith(key: Buffer | undefined, mode = 0o600): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'longshore-key-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  if (!key) return data
  await mkdir(join(data, 'auth'), { mode: 0o700 })
  await writeFile(join(data, 'auth', 'key'), key, { mode })
  await chmod(join(data, 'auth', 'key'), mode)
  return data
}

const good = Buffer.from(Array.from({ length: 32 }, (_, at) => (at * 37) % 251))

it.each([
  ['an empty one', Buffer.alloc(0), 0o600],
  ['zeros', Buffer.alloc(32), 0o600],
  ['one word again and again', Buffer.from('changeme'.repeat(4)), 0o600],
  ['half of one', good.subarray(0, 16), 0o600],
  ['more than one', Buffer.concat([good, good]), 0o600],
  ['one that its group can read', good, 0o640],
  ['one that everybody can read', good, 0o644],
  ['one that others can write', good, 0o602],
])('with %s as its key it does not start', async (_, key, mode) => {
  const data = await folderWith(key, mode)
  await expect(startAuth({ data })).rejects.toMatchObject({ code: 'AUTH_KEY_UNSAFE' })
  // What is there may be needed to read what was sealed: it is left as it was.
  expect(await readFile(join(data, 'auth', 'key'))).toEqual(key)
})

it('without one it makes one that its account alone can read, and takes it again', async () => {
  const data = await folderWith(undefined)
  const auth = await startAuth({ data })
  await auth.stop()
  const file = join(data, 'auth', 'key')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const made = await readFile(file)
  await (await startAuth({ data })).stop()
  expect(await readFile(file)).toEqual(made)
})
