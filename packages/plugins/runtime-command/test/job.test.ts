import { existsSync } from 'node:fs'
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench, code, commandLines, secretValue, until } from './bench.js'

let bench: Bench

beforeEach(async () => {
  bench = await Bench.make()
})
afterEach(() => bench.close())

describe('a job', () => {
  it('runs once a commit, in its folder, with its environment, and its output is the deployment’s', async () => {
    const up = await bench.script(
      'up',
      'pwd; echo "$GREETING $LONGSHORE_SERVICE"; echo oops >&2; printf "no newline"',
    )
    await bench.apply(1, { up, env: { GREETING: 'hello from' } })
    await bench.apply(1, { up, env: { GREETING: 'not again' } })
    expect(bench.printed).toContain(`${bench.directory}\nhello from hello\n`)
    expect(bench.printed).toContain('oops\n')
    expect(bench.printed).toContain('no newline')
    expect(bench.printed).not.toContain('not again')
  })

  it('gets a small clean environment, and words go to no shell', async () => {
    process.env['LONGSHORE_TEST_LEAK'] = 'leaked'
    await bench.apply(1, { up: ['env'] })
    delete process.env['LONGSHORE_TEST_LEAK']
    expect(bench.printed).toContain('PATH=')
    expect(bench.printed).not.toContain('leaked')
    await bench.apply(2, { up: ['echo', '$HOME; `id` && *'] })
    expect(bench.printed).toContain('$HOME; `id` && *\n')
  })

  it('fails with its exit code or signal, and leaves nothing', async () => {
    await expect(bench.apply(1, { up: ['sh', '-c', 'echo dying; exit 3'] })).rejects.toEqual(
      code('UP_FAILED'),
    )
    expect(bench.printed).toBe('dying\n')
    await expect(bench.apply(2, { up: ['sh', '-c', 'kill -SEGV $$'] })).rejects.toMatchObject({
      message: expect.stringContaining('SIGSEGV') as string,
      data: { exitCode: null, signal: 'SIGSEGV' },
    })
    expect(bench.pids()).toEqual([])
  })

  it('that hangs is ended at its deadline with all that it started, though they ignore SIGTERM', async () => {
    const up = await bench.script(
      'up',
      'trap "" TERM; setsid sh -c "trap \\"\\" TERM; while :; do sleep 1; done" & (trap "" TERM; sleep 1000) & sleep 1000; sleep 1000',
    )
    const applying = bench.apply(1, { up, grace: '200ms' }, { timeout: 1500 })
    await until('all are there', () => bench.pids().length >= 4)
    await expect(applying).rejects.toEqual(code('UP_TIMEOUT'))
    expect(bench.pids()).toEqual([])
  })

  it('may leave something in the background, which prints to the log and ends with the deployment', async () => {
    const up = await bench.script(
      'up',
      'setsid sh -c "while :; do echo tick; sleep 0.1; done" & echo started',
    )
    await bench.apply(1, { up, down: ['echo', 'going down'] })
    await until('it is there', () => bench.pids().length > 0)
    await until('it prints to the log', async () => (await bench.lines()).includes('tick'))
    expect(await bench.runtime.find()).toHaveLength(1)
    await bench.end()
    expect(bench.printed).toContain('going down\n')
    expect(bench.pids()).toEqual([])
    expect(bench.told.map(({ kind }) => kind)).toEqual(['started', 'exited'])
  })

  it('whose background ends by itself is told of', async () => {
    await bench.apply(1, { up: ['sh', '-c', 'sleep 0.5 &'] })
    await until('its end is told', () => bench.told.some(({ kind }) => kind === 'exited'))
    expect(await bench.runtime.find()).toEqual([])
  })

  it('prints a gigabyte: all of it arrives, and memory stays flat', async () => {
    let bytes = 0
    let most = 0
    const context = bench.context()
    context.output.write = async (_, chunk) => {
      bytes += chunk.length
      most = Math.max(most, process.memoryUsage.rss())
    }
    const before = process.memoryUsage.rss()
    const plan = bench.plan(1, { up: ['sh', '-c', 'head -c 1073741824 /dev/zero'] })
    await bench.runtime.apply(plan, context)
    expect(bytes).toBe(2 ** 30)
    expect(most - before).toBeLessThan(200 * 2 ** 20)
  })

  it('waits when its output is not taken: that is the back-pressure', async () => {
    let bytes = 0
    let take = () => {}
    const context = bench.context()
    context.output.write = async (_, chunk) => {
      bytes += chunk.length
      if (bytes === chunk.length) await new Promise<void>((resolve) => (take = resolve))
    }
    const applying = bench.runtime.apply(
      bench.plan(1, { up: ['sh', '-c', 'head -c 3000000 /dev/zero'] }),
      context,
    )
    await until('something was printed', () => bytes > 0)
    expect(bytes).toBeLessThan(1_000_000)
    take()
    await applying
    expect(bytes).toBe(3_000_000)
  })

  it('whose down fails is not taken for gone: end says so, and may be tried again', async () => {
    const mended = join(bench.directory, 'mended')
    await bench.apply(1, { up: ['true'], down: ['sh', '-c', `echo trying; test -e ${mended}`] })
    await expect(bench.end()).rejects.toEqual(code('DOWN_FAILED'))
    await writeFile(mended, '')
    await bench.end()
    expect(bench.printed).toBe('trying\ntrying\n')
    await bench.end()
    expect(bench.printed).toBe('trying\ntrying\n')
  })

  it('that never came up is taken down all the same: by a stop, and after a crash of Longshore', async () => {
    const elsewhere = join(bench.data, 'elsewhere')
    const down = ['rm', elsewhere]
    const begins = `touch ${elsewhere}; `
    await expect(bench.apply(1, { up: ['sh', '-c', `${begins} exit 1`], down })).rejects.toEqual(
      code('UP_FAILED'),
    )
    expect(await bench.uses()).toHaveLength(1)
    await bench.end()
    expect(await bench.uses()).toEqual([])
    expect(existsSync(elsewhere)).toBe(false)

    const stopped = new AbortController()
    const up = ['sh', '-c', `${begins} exec sleep 1000`]
    const applying = bench.apply(2, { up, down }, { signal: stopped.signal })
    await until('it began', () => existsSync(elsewhere))
    stopped.abort(new Error('stopped'))
    await expect(applying).rejects.toThrow('stopped')
    await bench.open()
    expect(await bench.runtime.find()).toEqual([])
    expect(await bench.uses()).toHaveLength(1)
    await bench.end()
    expect(existsSync(elsewhere)).toBe(false)
    expect(await bench.records.all()).toEqual([])
  })

  it('that never came up is forgotten when a newer one did, and its broken down bars no stop', async () => {
    const broken = { up: ['false'], down: ['sh', '-c', 'echo broken; exit 1'] }
    await expect(bench.apply(1, broken)).rejects.toEqual(code('UP_FAILED'))
    await expect(bench.apply(2, broken)).rejects.toEqual(code('UP_FAILED'))
    await bench.end()
    expect(bench.printed.match(/broken/g)).toHaveLength(1)
    await expect(bench.apply(3, broken)).rejects.toEqual(code('UP_FAILED'))
    await bench.apply(4, { up: ['true'], down: ['echo', 'down of 4'] })
    bench.printed = ''
    await bench.end()
    expect(bench.printed).toBe('down of 4\n')
  })
})

describe('what shall run', () => {
  it('is refused when it is not there, not executable, or has no interpreter', async () => {
    await expect(bench.apply(1, { up: ['no-such-program'] })).rejects.toEqual(code('UP_NOT_FOUND'))
    await expect(bench.apply(2, { up: './missing' })).rejects.toEqual(code('UP_NOT_FOUND'))
    const plain = await bench.script('plain', 'true', 0o644)
    await expect(bench.apply(3, { up: plain })).rejects.toEqual(code('UP_NOT_EXECUTABLE'))
    await expect(bench.apply(4, { up: '.' })).rejects.toEqual(code('UP_OUTSIDE'))
    await writeFile(join(bench.directory, 'odd'), '#!/no/such/shell\n', { mode: 0o755 })
    await expect(bench.apply(5, { up: 'odd' })).rejects.toEqual(code('UP_NOT_FOUND'))
    await expect(bench.apply(6, { up: 'odd', keepAlive: true })).rejects.toEqual(code('UP_NOT_FOUND'))
    expect(bench.told).toEqual([])
    await expect(bench.apply(7, { up: ['sh', '-c', 'exit 127'] })).rejects.toEqual(code('UP_FAILED'))
    await bench.apply(8, { up: ['true'], down: './odd' })
    await expect(bench.end()).rejects.toEqual(code('UP_NOT_FOUND'))
  })

  it('stays in the tree: not by .., not by an absolute path, not by a link, not by a linked folder', async () => {
    await writeFile(join(bench.data, 'evil'), '#!/bin/sh\n', { mode: 0o755 })
    await symlink('../data/evil', join(bench.directory, 'link'))
    await symlink('../data', join(bench.directory, 'folder'))
    for (const up of [
      '../data/evil',
      '/bin/true',
      './link',
      'folder/evil',
      ['./link'],
      ['sub/../../data/evil'],
    ]) {
      await expect(bench.apply(1, { up })).rejects.toEqual(code('UP_OUTSIDE'))
    }
    expect(bench.pids()).toEqual([])
  })

  it('shows its secrets to nobody else: not in argv, not in logs, not on disk', async () => {
    const env = { TOKEN: { secret: 'env:TOKEN' } }
    await bench.apply(1, {
      up: ['sh', '-c', 'printf "%s" "$TOKEN" | wc -c; sleep 1000'],
      keepAlive: true,
      env,
    })
    await until('it got the secret', async () =>
      (await bench.lines()).join().includes(String(secretValue.length)),
    )
    expect(commandLines()).not.toContain(secretValue)
    expect(bench.logged + JSON.stringify(bench.told)).not.toContain(secretValue)
    for (const name of await readdir(bench.data, { recursive: true })) {
      const file = join(bench.data, name)
      if ((await stat(file)).isFile()) expect(await readFile(file, 'utf8')).not.toContain(secretValue)
    }
  })
})
