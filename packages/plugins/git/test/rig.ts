import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, Secret, systemClock, type Sighting, type Source } from '@longshore/core'
import { Git } from '../src/git.js'
import { GitConfig } from '../src/config.js'
import { Limiter } from '../src/limiter.js'
import { prepare } from '../src/plugin.js'
import { GitProvider } from '../src/provider.js'
import { HttpClient } from '../src/remote/http.js'

export interface Rig {
  provider: GitProvider
  git: Git
  /** The plugin's folder. */
  folder: string
  /** A folder of this rig that is not there yet. */
  place(name: string): string
  close(): Promise<void>
}

export interface RigOptions {
  config?: unknown
  /** What the secrets hold, by their references. */
  secrets?: Record<string, string>
}

/** A provider with everything real but the secrets, in a temporary folder. */
/** `at`: the plugin's folder of a rig before it, as after a restart. */
export async function makeRig({ config, secrets = {} }: RigOptions = {}, at?: string): Promise<Rig> {
  const root = await mkdtemp(join(tmpdir(), 'longshore-git-test-'))
  const folder = at ?? join(root, 'git')
  const git = new Git(join(folder, 'home'), new Limiter(4), new Limiter(32, 4))
  const http = new HttpClient(new Limiter(256, 8))
  const askpass = join(folder, 'askpass')
  await prepare(folder, join(folder, 'home'), askpass, systemClock)
  const provider = new GitProvider({
    config: GitConfig.parse(config),
    folder,
    git,
    http,
    askpass,
    secrets: { open: ({ secret }) => Promise.resolve(new Secret(secrets[secret] ?? '')) },
    clock: systemClock,
    log: createLogger({ level: 'error' }),
    files: true,
  })
  const close = async () => {
    http.close()
    git.stop()
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  return { provider, git, folder, place: (name) => join(root, name), close }
}

/** Reads a watch until a sighting fits; what came before it is answered too. */
export async function until(
  watch: AsyncIterator<Sighting>,
  fits: (sighting: Sighting) => boolean,
): Promise<Sighting[]> {
  const seen: Sighting[] = []
  for (;;) {
    const next = await watch.next()
    if (next.done) throw new Error(`the watch ended after ${JSON.stringify(seen)}`)
    seen.push(next.value)
    if (fits(next.value)) return seen
  }
}

/** A source that is looked at often. */
export function sourceOf(url: string, ref = 'main', more: Partial<Source> = {}): Source {
  return { url, ref, poll: 100, ...more }
}

/** Waits until something holds, looking again and again; a deadline in seconds names what never came. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what} never came`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
