import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder, gitIn, newcomer, processes, Run, until } from './run.js'

test('a run after a crash goes on where it was, also when the branch has moved on elsewhere', async () => {
  const home = await folder()
  const { clone, git, push, answer, placement } = newcomer(home)
  const first = new Run(home)
  const url = await first.ready()
  const origin = git('remote', 'get-url', 'origin')
  const config = readFileSync(join(home, 'longshore.config.yaml'), 'utf8')

  const second = new Run(home)
  expect(await second.end(), second.output).toBe(1)
  expect(second.output).toContain('runs here already')
  expect(await answer(url)).toContain('Hello from Longshore')
  expect(git('remote', 'get-url', 'origin')).toBe(origin)
  expect(readFileSync(join(home, 'longshore.config.yaml'), 'utf8')).toBe(config)

  const elsewhere = join(await folder(), 'clone')
  const credential = ['-c', `include.path=${join(home, 'push.gitconfig')}`]
  gitIn(home, 'clone', '--quiet', origin, elsewhere)
  writeFileSync(join(elsewhere, 'greeting.txt'), 'From elsewhere')
  gitIn(elsewhere, 'commit', '--quiet', '--all', '--message', 'From elsewhere')
  gitIn(elsewhere, ...credential, 'push', '--quiet')
  const pushed = gitIn(elsewhere, 'rev-parse', 'HEAD')
  const runs = () => placement()['state'] === 'healthy' && placement()['running'].commit.sha === pushed
  await until(runs, () => `the new version in:\n${first.output}`)

  await first.kill()
  const survivors = processes(home)
  expect(survivors).toHaveLength(1)
  const third = new Run(home)
  expect(await third.ready()).toBe(url)
  expect(runs()).toBe(true)
  expect(processes(home)).toEqual(expect.arrayContaining(survivors))
  expect(await answer(url)).toContain('From elsewhere')
  expect(readFileSync(join(home, 'longshore.config.yaml'), 'utf8')).toBe(config)
  expect(git('remote', 'get-url', 'origin')).toBe(origin)
  await third.interrupt()
  expect(processes(home)).toEqual([])

  rmSync(clone, { recursive: true })
  const fourth = new Run(home)
  await fourth.ready()
  expect(git('rev-parse', 'HEAD')).toBe(pushed)
  const next = push('From the new clone')
  expect(gitIn(join(home, 'git/hello.git'), 'rev-parse', 'main')).toBe(next)
  await fourth.interrupt()
}, 180_000)
