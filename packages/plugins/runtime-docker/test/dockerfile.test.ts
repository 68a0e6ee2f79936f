import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { needs } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { DockerfileRun } from '../src/config.js'
import { deploymentOf, dockerfile, names, nameOf, onStage } from './stage.js'

const from = 'FROM longshore-test:1\n'
const lasts = 'CMD ["sleep", "1000"]\n'

describe('a service of kind dockerfile', needs('docker'), () => {
  const on = onStage(() => ({ images: 2 }))
  const run = (...words: string[]) => on.docker.docker('exec', nameOf(1), ...words)
  const tags = async () => {
    const all = await on.docker.docker('images', '--format', '{{.Repository}}:{{.Tag}}')
    return all
      .split('\n')
      .filter((tag) => tag.startsWith('longshore/'))
      .sort()
  }

  it('is built of the commit, tagged and labelled by it, and tells what the build printed', async () => {
    await on.stage.write({
      Dockerfile: `${from}ARG COLOUR=red\nRUN echo building with $COLOUR && echo $COLOUR > /colour\nCOPY . /app\n${lasts}`,
      'page.txt': 'hello',
    })
    const made = await on.stage.apply(1, dockerfile({ args: { COLOUR: 'blue' } }))
    expect(await run('cat', '/colour', '/app/page.txt')).toBe('blue\nhello')
    expect(on.stage.output).toContain('building with blue')
    const name = `longshore/hello:${'1'.repeat(40)}`
    const [id, labels] = (
      await on.docker.docker('inspect', '--format', '{{.Id}} {{json .Config.Labels}}', name)
    ).split(' ')
    expect(made.images).toEqual({ Dockerfile: id })
    expect(JSON.parse(labels!)).toEqual({
      'longshore.service': 'hello',
      'longshore.host': 'box',
      'longshore.commit': '1'.repeat(40),
    })
  })

  it('a stage, a file and a folder of its own; .dockerignore with exceptions; the Dockerfile is sent in any case', async () => {
    await on.stage.write({
      'app/docker/web.file': `${from.trim()} AS small\nCOPY . /app\n${lasts}FROM small\nRUN false\n`,
      'app/.dockerignore': '# all but\n*\n!src\nsrc/secret\n!src/secret/public.txt\n',
      'app/src/a.txt': 'a',
      'app/src/secret/key': 'key',
      'app/src/secret/public.txt': 'public',
      'app/other.txt': 'other',
    })
    await on.stage.apply(1, dockerfile({ context: 'app', file: 'docker/web.file', target: 'small' }))
    const all = (await run('sh', '-c', 'cd /app && find . -type f | sort')).split('\n')
    expect(all).toEqual(expect.arrayContaining(['./src/a.txt', './src/secret/public.txt']))
    expect(all.join()).not.toMatch(/key|other/)
  })

  it('links stay links, and nothing beyond the commit is read', async () => {
    await on.stage.write({ Dockerfile: `${from}COPY . /app\n${lasts}`, 'sub/Dockerfile': `${from}${lasts}` })
    await symlink('/etc', join(on.stage.folder, 'etc'))
    await symlink('/etc/passwd', join(on.stage.folder, 'sub', 'passwd'))
    await symlink('..', join(on.stage.folder, 'sub', 'up'))
    await on.stage.apply(1, dockerfile())
    expect(await run('readlink', '/app/etc')).toBe('/etc')
    const refused = [
      { context: 'etc' },
      { context: '..' },
      { context: 'sub', file: 'passwd' },
      { context: 'sub', file: '../Dockerfile' },
      { context: 'sub', file: 'up/Dockerfile' },
      { context: 'none' },
      { context: 'Dockerfile' },
    ]
    for (const each of refused)
      await expect(on.stage.apply(2, dockerfile(each)), JSON.stringify(each)).rejects.toMatchObject({
        code: 'BUILD_CONTEXT',
      })
    await symlink('/etc/shadow', join(on.stage.folder, '.dockerignore'))
    const fault = await on.stage.apply(2, dockerfile()).catch((error: Error) => error)
    expect(fault).toMatchObject({ code: 'BUILD_CONTEXT', message: expect.not.stringContaining('shadow') })
    expect(await names(on.docker)).toEqual([`${nameOf(1)} running`])
  })

  it('a build that fails or is aborted leaves the old one running', async () => {
    await on.stage.write({ Dockerfile: `${from}${lasts}` })
    await on.stage.apply(1, dockerfile())
    await on.stage.write({ Dockerfile: `${from}RUN echo oh dear && false\n${lasts}` })
    await expect(on.stage.apply(2, dockerfile())).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('oh dear'),
    })
    await on.stage.write({ Dockerfile: `${from}RUN echo it began && sleep 500\n${lasts}` })
    const abort = new AbortController()
    const building = on.stage.apply(3, dockerfile(), { signal: abort.signal })
    await expect.poll(() => on.stage.output, { timeout: 20_000 }).toContain('it began')
    abort.abort(new Error('a newer one is wanted'))
    await expect(building).rejects.toThrow('a newer one is wanted')
    // The engine ends the build as well: nothing of it runs on.
    await expect.poll(() => names(on.docker), { timeout: 20_000 }).toEqual([`${nameOf(1)} running`])
    expect(await tags()).toEqual(
      [`longshore/hello:${'1'.repeat(40)}`, `longshore/hello:${deploymentOf(1)}`].sort(),
    )
  })

  it('a deployment that repeats one uses its image; when that is gone it is built again', async () => {
    // Each build of it makes another image.
    await on.stage.write({ Dockerfile: `${from}COPY time /time\n${lasts}`, time: '1' })
    const first = await on.stage.apply(1, dockerfile())
    await on.stage.write({ time: '2' })
    const second = await on.stage.apply(2, dockerfile())
    expect(second.images).not.toEqual(first.images)
    expect(await on.stage.apply(3, dockerfile(), { made: first })).toMatchObject({ images: first.images })
    const built = await on.stage.apply(4, dockerfile(), {
      made: { ...first, images: { Dockerfile: `sha256:${'0'.repeat(64)}` } },
    })
    expect(on.stage.output).toContain('is gone: it is built again')
    expect(built.images).not.toEqual(first.images)
  })

  it('keeps the images that were used last, and no more', async () => {
    for (const number of [1, 2, 3]) {
      await on.stage.write({ Dockerfile: `${from}COPY time /time\n${lasts}`, time: `${number}` })
      await on.stage.apply(number, dockerfile())
    }
    const sha = (number: number) => `longshore/hello:${String(number).repeat(40)}`
    expect(await tags()).toEqual(
      [sha(2), sha(3), ...[2, 3].map((number) => `longshore/hello:${deploymentOf(number)}`)].sort(),
    )
  })

  it('a container that somebody makes of the image is not taken for one of ours', async () => {
    await on.stage.write({ Dockerfile: `${from}${lasts}` })
    await on.stage.apply(1, dockerfile())
    await on.docker.docker('run', '-d', '--name', 'theirs', `longshore/hello:${'1'.repeat(40)}`)
    await on.stage.end()
    expect(await names(on.docker)).toEqual(['theirs running'])
  })

  it('a file that cannot be had is no engine that is away', async () => {
    await mkdir(join(on.stage.folder, 'sub'))
    await writeFile(join(on.stage.folder, 'sub', '.dockerignore'), 'x'.repeat(2 ** 20 + 1))
    await on.stage.write({ 'sub/Dockerfile': from })
    await expect(on.stage.apply(1, dockerfile({ context: 'sub' }))).rejects.toMatchObject({
      code: 'BUILD_CONTEXT',
    })
  })
})

it('a secret is no build argument, and the fault says why', () => {
  const { error } = DockerfileRun.safeParse({ args: { TOKEN: { secret: 'env:TOKEN' } } })
  expect(error!.issues[0]).toMatchObject({
    path: ['args', 'TOKEN'],
    message: expect.stringContaining('whoever has the image can read it there'),
  })
})
