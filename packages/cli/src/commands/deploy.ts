import { coreRoutes } from '@longshore/core/protocol'
import type { Client } from '@longshore/client'
import { clientArgs, command, openApi, optionalCommitArg, serviceArg } from '../command.js'
import { UsageError } from '../errors.js'
import { finish, followArgs } from './finish.js'

export const deploy = command({
  about: 'Deploys the newest admitted commit of a service, or the one named, and shows how it goes.',
  args: {
    ...serviceArg,
    ...optionalCommitArg,
    override: {
      type: 'boolean',
      description: 'With --why: set aside windows and freezes; without a commit, for the one that waits',
    },
    ...followArgs,
    ...clientArgs,
  },
  examples: [
    ['longshore deploy api', 'the newest commit once more'],
    ['longshore deploy api 3f2a1bc', 'an older one, until a newer one is pushed'],
    ["longshore deploy api 3f2a1bc --override --why 'it burns'", 'though no window is open'],
    ['longshore deploy api --detach', 'ask, and do not wait'],
  ],
  async run({ service, commit, why, override, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const sha = commit === undefined ? undefined : await wholeId(api, service, commit)
    const body = { commit: sha, why, ...(override && { override }) }
    const accepted = await api.call(coreRoutes.deploy, { params: { service }, body })
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})

/** The full id of the commit of the service that begins like this. */
export async function wholeId(api: Client, service: string, start: string): Promise<string> {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(start)) return start
  const { items } = await api.call(coreRoutes.commits, { params: { service }, query: { limit: 1000 } })
  const fits = items.filter(({ sha }) => /^[0-9a-f]{4,}$/.test(start) && sha.startsWith(start))
  const [only] = fits
  if (only && fits.length === 1) return only.sha
  const what = fits.length > 1 ? 'more than one commit begins' : 'no commit that is known here begins'
  throw new UsageError('COMMIT_UNCLEAR', `${what} with ${start}`, {
    hint: `Give its full id: 40 hex digits. longshore commits ${service} lists those that are known.`,
  })
}
