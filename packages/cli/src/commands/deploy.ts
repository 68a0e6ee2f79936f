import { coreRoutes, type Commit } from '@longshore/core/protocol'
import type { Api } from '../api/client.js'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { UsageError } from '../errors.js'
import { finish, followArgs } from './finish.js'

export const deploy = command({
  about: 'Deploys the newest admitted commit of a service, or the one named, and shows how it goes.',
  args: {
    ...serviceArg,
    commit: {
      type: 'positional',
      description: 'A commit: its id, or the beginning of one seen before',
      required: false,
    },
    ...followArgs,
    ...clientArgs,
  },
  examples: [
    ['longshore deploy api', 'the newest commit once more'],
    ['longshore deploy api 3f2a1bc', 'an older one, until a newer one is pushed'],
    ['longshore deploy api --detach', 'ask, and do not wait'],
  ],
  async run({ service, commit, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const sha = commit === undefined ? undefined : await wholeId(api, service, commit)
    const accepted = await api.call(coreRoutes.deploy, { params: { service }, body: { commit: sha, why } })
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})

/** The full id of a commit that was seen before and begins like this. */
async function wholeId(api: Api, service: string, start: string): Promise<string> {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(start)) return start
  const { placements } = await api.call(coreRoutes.service, { params: { service } })
  const { items } = await api.call(coreRoutes.deployments, { params: { service }, query: { limit: 1000 } })
  const known = [
    ...placements.flatMap(({ newest, seen, running }) => [newest, seen, running?.commit]),
    ...items.map(({ commit }) => commit),
  ].filter((each): each is Commit => each !== undefined)
  const fits = new Set(
    known.map(({ sha }) => sha).filter((sha) => /^[0-9a-f]{4,}$/.test(start) && sha.startsWith(start)),
  )
  const [only] = fits
  if (only !== undefined && fits.size === 1) return only
  const what = fits.size > 1 ? 'more than one commit begins' : 'no commit seen before begins'
  throw new UsageError('COMMIT_UNCLEAR', `${what} with ${start}`, {
    hint: 'Give its full id: 40 hex digits.',
  })
}
