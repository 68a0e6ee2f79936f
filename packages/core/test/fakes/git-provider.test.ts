import { describe, it } from 'vitest'
import { FakeGit } from '../../src/testkit/fakes/git-provider.js'
import { gitProviderLaws } from '../../src/testkit/laws/git-provider.js'

describe('the git provider in memory', () => {
  const url = 'https://git.example/app.git'
  const laws = gitProviderLaws(async () => {
    const provider = new FakeGit()
    return {
      provider,
      source: (ref) => ({ url, ref, poll: 1000 }),
      commit: async (branch, files, options) => provider.commit(url, branch, files, options),
      remove: async (branch) => provider.remove(url, branch),
      away: async () => provider.away(url),
      back: async () => provider.back(url),
      close: async () => undefined,
    }
  })
  for (const law of laws) it(law.name, law.run)
})
