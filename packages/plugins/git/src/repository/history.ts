import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from '../git.js'
import type { Remote } from '../remote/remote.js'
import { bounded } from './size.js'
import { exists, fetchArguments, makeBare, removeLeftovers } from './repository.js'

/** Commits whose metadata is kept, counted back from each head; and where somebody has to know, all of them. */
const depth = 100
const endless = 2 ** 31 - 1
/** Heads after which it is made anew: it is small, and cheap to bring again. */
const heads = 50
/** What the metadata may weigh, of some hundred commits and of all, and how long it may take to come. */
const heaviest = { near: 64 * 2 ** 20, all: 512 * 2 ** 20 }
const deadline = { near: 120_000, all: 600_000 }

type Reach = 'near' | 'all'

interface Pull {
  folder: string
  remote: Remote
  sha: string
  signal: AbortSignal
  reach: Reach
}

/**
 * The commits before the ones that are deployed, without their trees: a second bare repository, because a repository
 * that lacks trees on purpose cannot tell when it lacks one by accident.
 */
export class History {
  readonly folder: string
  readonly #git: Git
  readonly #done = new Map<string, Promise<void>>()
  #turn: Promise<void> = Promise.resolve()
  #tooHeavy = false

  constructor(git: Git, folder: string) {
    this.#git = git
    this.folder = folder
  }

  /**
   * Brings what is before the commit, once: some of it, or all. `ref` helps with servers that give no commit by its id.
   */
  bring(remote: Remote, ref: string, sha: string, signal: AbortSignal, reach: Reach = 'near'): Promise<void> {
    const id = reach === 'all' ? `${sha} all` : sha
    const known = this.#done.get(id)
    if (known) return known
    const bringing = this.#turn.then(() => this.#bring(remote, ref, sha, signal, reach))
    this.#turn = bringing.catch(() => undefined)
    this.#done.set(id, bringing)
    bringing.catch(() => this.#done.delete(id))
    if (this.#done.size > heads) this.#done.delete(this.#done.keys().next().value!)
    return bringing
  }

  async #bring(remote: Remote, ref: string, sha: string, signal: AbortSignal, reach: Reach): Promise<void> {
    const kept = join(this.folder, 'refs/kept')
    if (this.#tooHeavy || (reach === 'near' && (await exists(join(kept, sha))))) return
    const old = await readdir(kept).catch(() => undefined)
    // What is made anew takes its place when it is there: until then, what was brought before is of use.
    const anew = !old || old.length > heads
    const folder = anew ? `${this.folder}.new` : this.folder
    try {
      await (anew ? this.#make(folder, remote, sha, signal) : removeLeftovers(folder))
      const pull = (from: string) => this.#pull({ folder, remote, sha, signal, reach }, from)
      await pull(sha).catch(async (error: unknown) => {
        if ((error as { code?: string }).code !== 'GIT_COMMIT_MISSING') throw error
        await pull(await remote.around(ref, sha, signal))
      })
      if (!anew) return
      await rm(this.folder, { recursive: true, force: true })
      await rename(folder, this.folder)
    } catch (error) {
      const { code } = error as { code?: string }
      // Broken (a crash may leave anything) or half of it here: it holds nothing that the server does not have.
      if (anew || code === 'GIT_FAILED' || code === 'GIT_LIMIT')
        await rm(folder, { recursive: true, force: true })
      // A server that cannot leave out the trees sends them all: where that is too much, it is not asked again.
      this.#tooHeavy ||= code === 'GIT_LIMIT'
      throw error
    }
  }

  async #pull({ folder, remote, sha, signal, reach }: Pull, from: string): Promise<void> {
    const to = from.endsWith('*') ? 'refs/around/*' : `refs/kept/${sha}`
    const far = reach === 'all' ? endless : depth
    const what = [`--depth=${far}`, '--filter=tree:0', '--', 'origin', `+${from}:${to}`]
    const args = [`--git-dir=${folder}`, ...fetchArguments, ...what]
    const { host } = remote.address
    await bounded(join(folder, 'objects/pack'), heaviest[reach], signal, (inner) =>
      remote.reach(inner, ({ config, env, secret }) =>
        this.#git.run({ args, config, env, secret, host, timeout: deadline[reach], signal: inner }),
      ),
    )
  }

  async #make(folder: string, remote: Remote, sha: string, signal: AbortSignal): Promise<void> {
    await rm(folder, { recursive: true, force: true })
    await makeBare(this.#git, folder, sha, signal)
    const settings = [
      ['remote.origin.url', remote.address.url],
      ['remote.origin.promisor', 'true'],
      ['remote.origin.partialclonefilter', 'tree:0'],
      ['core.repositoryformatversion', '1'],
      ['extensions.partialClone', 'origin'],
    ]
    for (const [name, value] of settings) {
      const args = [`--git-dir=${folder}`, 'config', '--', name!, value!]
      await this.#git.run({ args, signal, timeout: deadline.near })
    }
    await mkdir(join(folder, 'refs/kept'))
  }
}
