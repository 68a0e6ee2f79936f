import { needs } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { runInside } from './inside.js'
import { image, nameOf, names, onStage } from './stage.js'

describe('a container in place of another', needs('docker'), () => {
  const on = onStage()

  const web = (text: string, more: object = {}) =>
    image({
      command: ['sh', '-c', `mkdir -p /tmp/w; echo ${text} > /tmp/w/index.html; httpd -f -p 80 -h /tmp/w`],
      ports: ['127.0.0.1:8080:80'],
      ...more,
    })
  const page = () => on.docker.inside('wget', '-q', '-O', '-', 'http://127.0.0.1:8080/')

  it('starts the new one beside the old one where their ports allow it', async () => {
    await on.stage.apply(1, image())
    const probe = ['sh', '-c', 'test -e /tmp/ready']
    const applying = on.stage.apply(2, image({ healthcheck: { test: probe, interval: '100ms' } }))
    await expect
      .poll(() => names(on.docker), { timeout: 20_000 })
      .toEqual([`${nameOf(1)} running`, `${nameOf(2)}.new running`])
    await on.docker.docker('exec', `${nameOf(2)}.new`, 'touch', '/tmp/ready')
    await applying
    expect(await names(on.docker)).toEqual([`${nameOf(2)} running`])
  })

  it('stops the old one first where both want a port, says so, and brings it back when the new one fails', async () => {
    await on.stage.apply(1, web('one'))
    await on.stage.apply(2, web('two'))
    expect(on.stage.output).toContain('the old container is stopped first: both publish port 8080/tcp')
    expect(await page()).toBe('two\n')
    await expect(on.stage.apply(3, web('three', { command: ['sh', '-c', 'exit 3'] }))).rejects.toMatchObject({
      code: 'CONTAINER_FAILED',
      message: expect.stringMatching(/exit code 3|ended and is started again/),
    })
    await expect.poll(page).toBe('two\n')
    expect(await names(on.docker)).toEqual([`${nameOf(2)} running`])
  })

  it("another address of the same port is in nobody's way", async () => {
    await on.stage.apply(1, web('one'))
    await on.stage.apply(2, web('two', { ports: ['127.0.0.2:8080:80'] }))
    expect(on.stage.output).not.toContain('stopped first')
  })

  it('stops the old one first where both write to a volume', async () => {
    await on.stage.apply(1, image({ volumes: ['data:/data'] }))
    await on.stage.apply(2, image({ volumes: ['data:/data'] }))
    expect(on.stage.output).toContain('both write to the volume data')
    on.stage.output = ''
    await on.stage.apply(3, image({ volumes: ['data:/data:ro'] }))
    expect(on.stage.output).not.toContain('stopped first')
  })

  it('an abort and a deadline bring the old one back as well', async () => {
    await on.stage.apply(1, web('one'))
    const hangs = web('two', { healthcheck: { test: ['false'], interval: '1h' } })
    const abort = new AbortController()
    const applying = on.stage.apply(2, hangs, { signal: abort.signal })
    await expect
      .poll(() => names(on.docker), { timeout: 20_000 })
      .toEqual([`${nameOf(1)} exited`, `${nameOf(2)}.new running`])
    abort.abort(new Error('a newer one is wanted'))
    await expect(applying).rejects.toThrow('a newer one is wanted')
    expect(await names(on.docker)).toEqual([`${nameOf(1)} running`])
    await expect(on.stage.apply(3, hangs, { timeout: 3_000 })).rejects.toMatchObject({
      code: 'APPLY_TIMEOUT',
    })
    expect(await names(on.docker)).toEqual([`${nameOf(1)} running`])
    await expect.poll(page).toBe('one\n')
  })

  it('tells what the failed one printed last, and no secret in it', async () => {
    on.stage.secrets['env:TOKEN'] = 'hunter2hunter2'
    const run = image({
      env: { TOKEN: { secret: 'env:TOKEN' } },
      command: ['sh', '-c', 'echo the token is $TOKEN; echo bad luck >&2; exit 1'],
    })
    const failed: Error = (await on.stage.apply(1, run).catch((error: Error) => error)) as Error
    expect(on.stage.output).toContain('bad luck')
    expect(on.stage.output).toContain('the token is [secret]')
    expect(on.stage.output + failed.message).not.toContain('hunter2')
    expect(await names(on.docker)).toEqual([])
  })

  it('names a port that a stranger has, container or process, and leaves the old one', async () => {
    await on.stage.apply(1, web('one'))
    await on.docker.docker(
      'run',
      '-d',
      '--name',
      'stranger',
      '-p',
      '127.0.0.1:9090:80',
      'longshore-test:1',
      'sleep',
      '1000',
    )
    const taken = on.stage.apply(2, web('two', { ports: ['127.0.0.1:8080:80', '127.0.0.1:9090:80'] }))
    await expect(taken).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining('127.0.0.1:9090'),
    })
    await expect.poll(page).toBe('one\n')
    expect(await names(on.docker)).toEqual([`${nameOf(1)} running`, 'stranger running'])
    const listens = `import net from 'node:net'; net.createServer().listen(9191, '127.0.0.1', () => console.log('up'))`
    const process = await runInside(on.docker, listens)
    await expect(on.stage.apply(3, image({ ports: ['127.0.0.1:9191:80'] }))).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining('9191'),
    })
    await process.close()
  })

  it('port 0 is any free one', async () => {
    await on.stage.apply(1, web('one', { ports: ['127.0.0.1:0:80'] }))
    const port = await on.docker.docker('port', nameOf(1), '80')
    expect(await on.docker.inside('wget', '-q', '-O', '-', `http://${port}/`)).toBe('one\n')
    await on.stage.apply(2, web('two', { ports: ['127.0.0.1:0:80'] }))
    expect(on.stage.output).not.toContain('stopped first')
  })
})
