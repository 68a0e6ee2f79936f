import { GitServer, gitProviderLaws, needs, type GitSubject } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { makeRig, sourceOf } from './rig.js'

async function subject(manners: GitServer['manners']): Promise<GitSubject> {
  const [rig, server] = await Promise.all([makeRig(), GitServer.start()])
  Object.assign(server.manners, manners)
  const repository = await server.repository('team/app')
  return {
    provider: rig.provider,
    source: (ref) => sourceOf(server.url('team/app'), ref),
    commit: (branch, files, options) =>
      repository.commit(
        branch,
        Object.fromEntries(
          Object.entries(files).map(([path, file]) => [
            path,
            typeof file === 'string' ? file : { mode: '100755' as const, content: file.content },
          ]),
        ),
        options,
      ),
    remove: (branch) => repository.remove(`refs/heads/${branch}`),
    away: () => Promise.resolve(void (server.manners.fail = 503)),
    back: () => Promise.resolve(void (server.manners.fail = undefined)),
    async close() {
      await rig.close()
      await server.close()
    },
  }
}

describe('the law of GitProvider', needs('git-http-backend'), () => {
  describe('with a server of today', () => {
    for (const law of gitProviderLaws(() => subject({}))) it(law.name, law.run)
  })
  describe('with a server that speaks only the first protocol', () => {
    for (const law of gitProviderLaws(() => subject({ noV2: true }))) it(law.name, law.run)
  })
  describe('with a server that cannot leave out objects', () => {
    for (const law of gitProviderLaws(() => subject({ noFilter: true }))) it(law.name, law.run)
  })
})
