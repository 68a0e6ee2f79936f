import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Command } from '@longshore/core'
import { Bench, code, secretValue, until } from './bench.js'

let bench: Bench

beforeEach(async () => {
  bench = await Bench.make()
})
afterEach(() => bench.close())

function command(argv: string[], more: Partial<Command> = {}): Command {
  return { ...bench.plan(1, { up: ['true'] }), argv, in: { kind: 'checkout' }, ...more }
}

describe('a command in the checkout', () => {
  it('has its folder, the variables of the plan and of run.env, and no input; also of another kind', async () => {
    await bench.script(
      'bin/migrate',
      'pwd; echo "$GREETING $LONGSHORE_SERVICE $DB"; cat; echo x >/dev/stdout',
    )
    const env = { GREETING: 'hello', DB: { secret: 'env:DB' } }
    const run = { kind: 'compose', files: ['compose.yaml'], env, grace: 'odd' }
    const exit = await bench.runtime.run(command(['bin/migrate'], { run }), bench.context())
    expect(exit).toEqual({ exitCode: 0, signal: null })
    expect(bench.printed).toBe(`${bench.directory}\nhello hello ${secretValue}\nx\n`)
  })

  it('is refused like up when it is not there or leads out of the tree', async () => {
    const run = (argv: string[]) => bench.runtime.run(command(argv), bench.context())
    await expect(run(['no-such-program'])).rejects.toEqual(code('UP_NOT_FOUND'))
    await expect(run(['../data/evil'])).rejects.toEqual(code('UP_OUTSIDE'))
    await expect(run(['./missing'])).rejects.toEqual(code('UP_NOT_FOUND'))
  })

  it('tells the signal that ended it, and waits for whoever takes its output', async () => {
    const run = (argv: string[], context = bench.context()) => bench.runtime.run(command(argv), context)
    expect(await run(['sh', '-c', 'kill -KILL $$'])).toEqual({ exitCode: null, signal: 'SIGKILL' })
    let bytes = 0
    const context = bench.context()
    context.output.write = async (_, chunk) => {
      bytes += chunk.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    await run(['sh', '-c', 'head -c 3000000 /dev/zero'], context)
    expect(bytes).toBe(3_000_000)
  })

  it('ends with the service, and with Longshore', async () => {
    for (const end of [() => bench.end(), () => bench.runtime.close()]) {
      const running = bench.runtime.run(command(['sh', '-c', 'sleep 1000 & sleep 1000']), bench.context())
      const ended = expect(running).rejects.toEqual(code('COMMAND_ENDED'))
      await until('it runs', () => bench.pids('/one-off-').length >= 2)
      await end()
      await ended
      expect(bench.pids('/one-off-')).toEqual([])
    }
    await expect(bench.runtime.run(command(['true']), bench.context())).rejects.toEqual(
      code('RUNTIME_CLOSED'),
    )
  })

  it('that a killed Longshore left is ended by the next one, and has left no files', async () => {
    const words = { ...command(['sh', '-c', 'trap "" TERM; setsid sleep 1000 & sleep 1000; sleep 1000']) }
    const driver = spawn(process.execPath, [
      fileURLToPath(new URL('driver.mjs', import.meta.url)),
      JSON.stringify({ data: bench.data, plans: [], command: words }),
    ])
    await until('it runs', () => bench.pids('/one-off-').length >= 3)
    const exit = once(driver, 'exit')
    driver.kill('SIGKILL')
    await exit
    expect(bench.pids('/one-off-').length).toBeGreaterThan(0)
    await bench.open()
    expect(bench.pids('/one-off-')).toEqual([])
    expect(await bench.runtime.find()).toEqual([])
    expect(bench.told).toEqual([])
    expect(execFileSync('find', [bench.data, '-name', '.one-off'], { encoding: 'utf8' })).toBe('')
  })
})
