import { execFile, fork } from 'node:child_process'
import { once, setMaxListeners } from 'node:events'
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createLogger, Secret, systemClock } from '@longshore/core'
import { GitRepository, runGit } from '@longshore/core/testkit'
import git from '@longshore/git'

const run = promisify(execFile)
const hour = 3_600_000

/** The plugin as the kernel sets it up: its provider, and how it begins and ends. */
function setUp(data) {
  let provider
  const started = []
  const stopping = []
  git.setup({
    name: 'git',
    config: git.config.parse(undefined),
    needs: {
      host: { name: 'bench', data, version: '0', started: 0 },
      secrets: { open: async () => new Secret('none') },
      clock: systemClock,
      log: createLogger({ level: 'error' }),
    },
    provide: (_token, value) => (provider = value),
    hooks: {
      started: { tap: (begin) => started.push(begin) },
      stopping: { tap: (end) => stopping.push(end) },
    },
    doctor: { add: () => undefined },
  })
  const all = async (taps) => {
    for (const tap of taps) await tap()
  }
  return { provider, start: () => all(started), stop: () => all(stopping) }
}

/** So many bare repositories that differ in nothing but their name, and one with 100,000 refs. */
async function makeRepositories(root, count) {
  const first = join(root, 'r0.git')
  await runGit(['init', '--quiet', '--bare', '--initial-branch=main', '--template=', '--', first])
  const sha = await new GitRepository(first).commit('main', { a: '1' })
  for (let number = 1; number < count; number++) {
    cpSync(first, join(root, `r${number}.git`), { recursive: true })
  }
  const many = join(root, 'many.git')
  cpSync(first, many, { recursive: true })
  const lines = Array.from(
    { length: 100_000 },
    (_, number) => `refs/heads/b${String(number).padStart(6, '0')}`,
  )
  writeFileSync(join(many, 'packed-refs'), '# pack-refs with: peeled fully-peeled sorted \n')
  appendFileSync(join(many, 'packed-refs'), lines.map((name) => `${sha} ${name}\n`).join(''))
}

/** One look at each source at once, as services that are all due make it; resolves to the heads. */
async function lookAtAll(provider, sources) {
  const ending = new AbortController()
  setMaxListeners(0, ending.signal)
  const looks = sources.map(async (source) => {
    const { value } = await provider.watch(source, ending.signal).next()
    if (value.kind !== 'head') throw new Error(`${source.url}: ${value.code}: ${value.reason}`)
    return value.sha
  })
  try {
    return await Promise.all(looks)
  } finally {
    ending.abort()
  }
}

/** CPU milliseconds that this process and the children that it waited for have used so far. */
function cpu() {
  const { user, system } = process.cpuUsage()
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')
  const children = (Number(fields[13]) + Number(fields[14])) * 10
  return { own: (user + system) / 1000, children }
}

/** CPU milliseconds a look: of all in `work`, which makes so many. The reference is charged its children alone. */
async function cpuOf(looks, which, work) {
  const before = cpu()
  await work()
  const after = cpu()
  const own = which === 'ours' ? after.own - before.own : 0
  return Math.max(own + after.children - before.children, 0.001) / looks
}

async function startServer(root) {
  const server = fork(fileURLToPath(new URL('../processes/git-server.mjs', import.meta.url)), [root])
  const [{ port }] = await once(server, 'message')
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}.git`,
    async behave(manners) {
      server.send(manners)
      await once(server, 'message')
    },
    /** How many looks at these repositories were answered so far. */
    async looks(looksAt) {
      server.send({ looksAt })
      const [{ looks }] = await once(server, 'message')
      return looks
    },
    async stop() {
      server.disconnect()
      await once(server, 'exit')
    },
  }
}

/** Watches that go on, as those of a running service do; `round` is one look at each of them, in CPU milliseconds a look. */
async function watchAll(server, provider, sources, names) {
  const ending = new AbortController()
  const watches = sources.map(async (source) => {
    const own = AbortSignal.any([ending.signal])
    for await (const { kind } of provider.watch(source, own)) if (kind !== 'head') throw new Error(kind)
  })
  const lookedAt = async (until) => {
    while ((await server.looks(names)) < until) await systemClock.sleep(500)
  }
  await lookedAt(2 * sources.length)
  return {
    async round() {
      const [looks, { own, children }] = [await server.looks(names), cpu()]
      await lookedAt(looks + sources.length)
      const after = cpu()
      return (after.own - own + after.children - children) / ((await server.looks(names)) - looks)
    },
    async stop() {
      ending.abort()
      await Promise.all(watches)
    },
  }
}

/** How many of the others are not seen while one repository hangs. */
async function delayed(server, provider, sources) {
  await server.behave({ hang: ['r0'] })
  const ending = new AbortController()
  const stuck = provider.watch(sources[0], ending.signal).next()
  const heads = await lookAtAll(provider, sources.slice(1))
  ending.abort()
  await stuck
  await server.behave({ hang: [] })
  return sources.length - 1 - heads.filter(Boolean).length
}

/** How many of the repositories that changed (one in a hundred) are not seen to have changed at the next look. */
async function missed(root, provider, sources) {
  const changed = new Map()
  for (let number = 0; number < sources.length; number += 100) {
    changed.set(number, await new GitRepository(join(root, `r${number}.git`)).commit('main', { a: '2' }))
  }
  const heads = await lookAtAll(provider, sources)
  return [...changed].filter(([number, sha]) => heads[number] !== sha).length
}

function sourceOf(server, name, ref) {
  return { url: server.url(name), ref, poll: hour }
}

async function compare(bench, server, provider, sources) {
  const lsRemote = (name, ref) => run('git', ['ls-remote', '--', server.url(name), ref])
  const times = async (count, work) => {
    for (let number = 0; number < count; number++) await work(number)
  }
  const row = { unit: 'CPU ms a look', better: 'less', ratio: 0.033 }
  const names = sources.map((_, number) => `r${number}`)
  const poll = bench.full ? 10_000 : 1_000
  const watching = await watchAll(
    server,
    provider,
    sources.map((source) => ({ ...source, poll })),
    names,
  )
  try {
    await bench.pair({
      ...row,
      name: `${sources.length} repositories, nothing new`,
      ours: () => watching.round(),
      reference: () =>
        cpuOf(20, 'reference', () => times(20, (number) => lsRemote(`r${number}`, 'refs/heads/main'))),
    })
  } finally {
    await watching.stop()
  }
  const many = [sourceOf(server, 'many', 'b050000')]
  await lookAtAll(provider, many)
  await bench.pair({
    ...row,
    name: 'one ref of a repository of 100,000',
    ours: () => cpuOf(10, 'ours', () => times(10, () => lookAtAll(provider, many))),
    reference: () => cpuOf(3, 'reference', () => times(3, () => lsRemote('many', 'b050000'))),
  })
}

export default {
  about:
    'Looks at many repositories over smart HTTP for new commits, against git ls-remote for each of them.',
  async run(bench) {
    const count = bench.full ? 500 : 50
    const root = bench.path('repositories')
    const data = bench.path('data')
    for (const folder of [root, data]) mkdirSync(folder)
    await makeRepositories(root, count)
    const server = await startServer(root)
    const { provider, start, stop } = setUp(data)
    const sources = Array.from({ length: count }, (_, number) => sourceOf(server, `r${number}`, 'main'))
    const fact = { unit: 'repositories', most: 0 }
    try {
      await start()
      await compare(bench, server, provider, sources)
      const late = await delayed(server, provider, sources)
      bench.fact({ ...fact, name: 'not seen while one repository hangs', value: late })
      const lost = await missed(root, provider, sources)
      bench.fact({ ...fact, name: 'changed and not seen at the next look', value: lost })
    } finally {
      await stop()
      await server.stop()
    }
  },
}
