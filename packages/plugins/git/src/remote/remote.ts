import type { Credential, Secrets } from '@longshore/core'
import { LongshoreError } from '@longshore/core'
import type { GitAddress } from '@longshore/core/protocol'
import type { Access } from '../access/access.js'
import { basicHeader, openAccess } from '../access/open.js'
import { refMissing } from '../errors.js'
import type { Git } from '../git.js'
import { candidates } from './refs.js'
import type { Heads, HttpRefs } from './ls-refs.js'

const lookDeadline = 60_000
const listed = 64 * 2 ** 20

/** What a remote is made of, the same for all. */
export interface RemoteParts {
  git: Git
  secrets: Secrets
  /** The askpass program. */
  askpass: string
}

/** One repository on its server, with the credential that opens it. */
export class Remote {
  readonly address: GitAddress
  readonly #credential: Credential | undefined
  readonly #refs: HttpRefs | undefined
  readonly #parts: RemoteParts

  /** `refs`: how to look over HTTP, where the address is one. */
  constructor(
    address: GitAddress,
    credential: Credential | undefined,
    refs: HttpRefs | undefined,
    parts: RemoteParts,
  ) {
    this.address = address
    this.#credential = credential
    this.#refs = refs
    this.#parts = parts
  }

  /** Those of the refs (full names) that are there, and the commits they point to. */
  async look(refs: string[], signal: AbortSignal): Promise<Heads> {
    if (!this.#refs) return this.#list(refs, signal)
    const header = this.#credential && (await basicHeader(this.#credential, this.#parts.secrets, signal))
    const { v2 } = this.#refs.known ?? (await this.#refs.capabilities(header, signal))
    return v2 ? this.#refs.look(refs, header, signal) : this.#list(refs, signal)
  }

  /** What to fetch to come by a commit that the server does not give by its id: the full name of the ref; of a sha, any branch. */
  async around(ref: string, sha: string, signal: AbortSignal): Promise<string> {
    if (ref === sha) return 'refs/heads/*'
    const heads = await this.look(candidates(ref), signal)
    const full = candidates(ref).find((name) => heads.has(name))
    if (full === undefined) throw refMissing(ref)
    return full
  }

  /** Opens the credential for one run of git, and takes it away again. */
  async reach<T>(signal: AbortSignal, run: (access: Access) => Promise<T>): Promise<T> {
    const { secrets, askpass } = this.#parts
    const access = await openAccess(this.address, this.#credential, secrets, askpass, signal)
    try {
      return await run(access)
    } catch (error) {
      throw error instanceof LongshoreError ? access.explain(error) : error
    } finally {
      await access.close()
    }
  }

  /** By `git ls-remote`: over SSH, and of servers that speak only the first protocol. */
  #list(refs: string[], signal: AbortSignal): Promise<Heads> {
    const patterns = refs.flatMap((ref) => (ref.startsWith('refs/tags/') ? [ref, `${ref}^{}`] : [ref]))
    return this.reach(signal, async ({ config, env, secret }) => {
      const args = ['ls-remote', '--quiet', '--', this.address.url, ...patterns]
      const { host } = this.address
      const call = { args, config, env, secret, host, output: listed, timeout: lookDeadline, signal }
      return readListing((await this.#parts.git.run(call)).toString(), new Set(patterns))
    })
  }
}

function readListing(text: string, wanted: ReadonlySet<string>): Heads {
  const heads: Heads = new Map()
  for (const line of text.split('\n')) {
    const [sha = '', name = ''] = line.split('\t')
    // A tag's commit is listed after the tag, under the same name with ^{}.
    if (wanted.has(name)) heads.set(name.replace(/\^\{\}$/, ''), sha)
  }
  return heads
}
