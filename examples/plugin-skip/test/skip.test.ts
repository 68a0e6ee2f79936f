import { startTestKernel, type TestKernel } from '@longshore/core/testkit'
import { expect, onTestFinished, test } from 'vitest'
import skip from '../skip.js'

const url = 'https://git.example/team/hello.git'

async function start(section: Record<string, unknown>): Promise<TestKernel> {
  const services = { hello: { source: { url }, run: { kind: 'fake' } } }
  const kernel = await startTestKernel({ plugins: [skip], config: { services, ...section } })
  onTestFinished(() => kernel.stop())
  return kernel
}

test('a commit whose message asks for it is refused, and the next one is deployed', async () => {
  const { git, seen } = await start({})
  const skipped = git.commit(url, 'main', { 'a.txt': '1' }, { message: 'Half of it [skip]' })
  const refused = await seen(({ kind, commit }) => kind === 'commit.refused' && commit === skipped)
  expect(refused.data).toMatchObject({ code: 'SKIP_ASKED', reason: 'its message says [skip]' })
  const whole = git.commit(url, 'main', { 'a.txt': '2' }, { message: 'The whole of it' })
  const settled = await seen(({ kind, commit }) => kind === 'deployment.settled' && commit === whole)
  expect(settled.data).toMatchObject({ outcome: 'kept' })
})

test('the words are a matter of the config', async () => {
  const { git, seen } = await start({ skip: { words: ['WIP'] } })
  const wip = git.commit(url, 'main', { 'a.txt': '1' }, { message: 'WIP' })
  await seen(({ kind, commit }) => kind === 'commit.refused' && commit === wip)
})
