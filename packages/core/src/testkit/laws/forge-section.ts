import assert from 'node:assert/strict'
import type { Plugin } from '../../kernel/plugin.js'
import { startTestKernel } from '../kernel.js'
import type { Law } from '../law.js'

const secret = { secret: 'env:HOOK' }
const token = { secret: 'env:TOKEN' }
const api = 'https://git.example/api'

const bad: Record<string, object> = {
  'nothing at all': {},
  'an empty secret': { secret: '' },
  'a secret that is written down': { secret: 'swordfish' },
  'a reference to nothing': { secret: { secret: '' } },
  'a key that nobody knows': { secret, secrets: secret },
  'a token without an API': { secret, token },
  'an API without a token': { secret, api },
  'an API by plain http': { secret, token, api: 'http://git.example/api' },
  'an API with a password': { secret, token, api: 'https://a:b@git.example/api' },
  'an API with a query': { secret, token, api: 'https://git.example/api?to=evil' },
  'an API that is a file': { secret, token, api: 'file:///etc/passwd' },
  'an API that is none': { secret, token, api: 'git.example' },
}

const good: Record<string, object> = {
  'a secret': { secret },
  'a token and an API': { secret, token, api },
  'an API on loopback': { secret, token, api: 'http://127.0.0.1:3000/api/' },
}

/** What the part of `hooks` of a forge that takes statuses may hold; closed where it says nothing. */
export function forgeSectionLaws(plugin: Plugin, kind: string, more: Record<string, object> = {}): Law[] {
  const start = async (part: object) => {
    const kernel = await startTestKernel({ plugins: [plugin], config: { hooks: { [kind]: part } } })
    await kernel.stop()
  }
  const refused = Object.entries(bad).map(([what, part]) => ({
    name: `${what} is refused`,
    run: () => assert.rejects(start(part), { code: 'CONFIG_INVALID' }),
  }))
  const taken = Object.entries({ ...good, ...more }).map(([what, part]) => ({
    name: `${what} is good`,
    run: () => start(part),
  }))
  return [...refused, ...taken]
}
