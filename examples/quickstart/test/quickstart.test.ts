import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const script = fileURLToPath(new URL('../start.mjs', import.meta.url))
const bin = fileURLToPath(new URL('../../../packages/cli/bin/longshore.js', import.meta.url))

/** Processes that have something to do with the folder. */
function processes(home: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n')
  const mine = lines.filter((line) => line.includes(home))
  const works = lines.filter((line) => {
    const pid = Number.parseInt(line, 10)
    return (
      line.includes('server.mjs') &&
      environmentOf(pid).includes('LONGSHORE_SERVICE=hello') &&
      cwdOf(pid).startsWith(home)
    )
  })
  return [...new Set([...mine, ...works])]
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return ''
  }
}

function cwdOf(pid: number): string {
  try {
    return execFileSync('readlink', [`/proc/${pid}/cwd`], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

async function until(condition: () => unknown, what: () => string): Promise<void> {
  for (const deadline = performance.now() + 45_000; !(await condition());) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** One run of the quickstart, until Ctrl-C. */
class Run {
  output = ''
  readonly #child: ChildProcess

  constructor(home: string) {
    this.#child = spawn(process.execPath, [script, home], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    }
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  /** Answers the service's address. */
  async ready(): Promise<string> {
    const ended = () => this.#child.exitCode !== null
    await until(
      () => this.output.includes('Ctrl-C') || ended(),
      () => this.output,
    )
    expect(this.output).toContain('Longshore runs.')
    return /the service +(http:\S+)/.exec(this.output)![1]!
  }

  async interrupt(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGINT')
    const [code] = (await closed) as [number]
    expect(code, this.output).toBe(0)
  }
}

/** What a newcomer does in the second terminal. */
function newcomer(home: string) {
  const clone = join(home, 'hello')
  const git = (...args: string[]) => execFileSync('git', ['-C', clone, ...args], { encoding: 'utf8' }).trim()
  const longshore = (...args: string[]) =>
    execFileSync(process.execPath, [bin, ...args], { cwd: clone, encoding: 'utf8' })
  return {
    longshore,
    push(greeting: string) {
      writeFileSync(join(clone, 'greeting.txt'), greeting)
      git('commit', '-qam', greeting)
      git('push', '-q')
      return git('rev-parse', 'HEAD')
    },
    placement: () =>
      (JSON.parse(longshore('show', 'hello', '--json')) as { placements: Record<string, any>[] })
        .placements[0]!,
    answer: (url: string) =>
      fetch(url)
        .then((response) => response.text())
        .catch(() => ''),
  }
}

test('the newcomer: push, stop, push, restart, start; Ctrl-C leaves nothing', async () => {
  const home = mkdtempSync(join(tmpdir(), 'longshore-quickstart-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  const { longshore, push, placement, answer } = newcomer(home)
  const first = new Run(home)
  const url = await first.ready()
  expect(await answer(url)).toContain('Hello from Longshore')

  push('Good morning')
  const pushed = performance.now()
  await until(
    async () => (await answer(url)).includes('Good morning'),
    () => `the new version in:\n${first.output}`,
  )
  console.log(`push to answer: ${Math.round(performance.now() - pushed)} ms`)

  expect(longshore('stop', 'hello', '--why', 'a try')).toContain('it has ended')
  expect(await answer(url)).toBe('')
  const held = push('Good evening')
  await until(
    () => placement()['newest']?.sha === held,
    () => 'the held commit',
  )
  expect(longshore('events', '--kind', 'commit.admitted', '--limit', '1', '--json')).toContain('"held":true')
  expect(longshore('events', '--kind', 'commit.admitted', '--limit', '1')).toContain(
    'held: it waits for a start',
  )
  expect(await answer(url)).toBe('')

  await first.interrupt()
  expect(processes(home)).toEqual([])
  const second = new Run(home)
  expect(await second.ready()).toBe(url)
  expect(placement()).toMatchObject({ state: 'held', hold: { why: 'a try' } })
  expect(await answer(url)).toBe('')

  expect(longshore('start', 'hello')).toContain(`hello runs ${held.slice(0, 7)}`)
  await until(
    async () => (await answer(url)).includes('Good evening'),
    () => 'the newest version',
  )
  await second.interrupt()
  expect(processes(home)).toEqual([])
}, 180_000)
