import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { GitServer, needs, runGit } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { makeRig, sourceOf } from './rig.js'

const { signal } = new AbortController()

describe('the object of a commit', needs('git-http-backend'), () => {
  it('is refused when what lies under its id is another one', async () => {
    const [rig, server] = await Promise.all([makeRig(), GitServer.start()])
    const repository = await server.repository('team/app')
    const source = sourceOf(server.url('team/app'))
    const good = await repository.commit('main', { a: '1' })
    await rig.provider.fetch(source, good, signal)
    const bytes = Buffer.from(await rig.provider.object(source, good, signal))

    // Whoever can write to the data folder lays the good commit under the id of the bad one.
    const bad = await repository.commit('main', { a: 'bad' })
    const [place] = (await readdir(rig.folder)).filter((name) => name.endsWith('.git'))
    const loose = join(rig.folder, place!, 'objects', bad.slice(0, 2), bad.slice(2))
    await mkdir(dirname(loose), { recursive: true })
    await writeFile(loose, deflateSync(Buffer.concat([Buffer.from(`commit ${bytes.length}\0`), bytes])))
    await writeFile(join(rig.folder, place!, 'refs/kept', `1-${bad}`), `${bad}\n`)
    const later = await makeRig({}, rig.folder)
    await expect(later.provider.object(source, bad, signal)).rejects.toMatchObject({
      code: 'GIT_OBJECT_DAMAGED',
    })
    await later.close()
    await rig.close()
    await server.close()
  })

  it('of a repository that counts by SHA-256 has that as its id', async () => {
    const [rig, server] = await Promise.all([makeRig(), GitServer.start()])
    const repository = await server.repository('team/new')
    await rm(repository.folder, { recursive: true })
    const format = '--object-format=sha256'
    await runGit(['init', '--quiet', '--bare', '--initial-branch=main', format, '--', repository.folder])
    const sha = await repository.commit('main', { a: '1' })
    expect(sha).toHaveLength(64)
    const source = sourceOf(server.url('team/new'))
    const bytes = await rig.provider.object(source, sha, signal)
    const hash = createHash('sha256').update(`commit ${bytes.length}\0`).update(bytes)
    expect(hash.digest('hex')).toBe(sha)
    await rig.close()
    await server.close()
  })
})
