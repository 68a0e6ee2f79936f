import { createHmac } from 'node:crypto'
import { Secret } from '@longshore/core'
import { hubPush } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { GiteaForge } from '../src/forge.js'
import { push, secret, sign } from './deliveries.js'

const forge = new GiteaForge()
const secrets = { secret: new Secret(secret) }
const repository = 'https://git.example/team/app.git'

describe('a webhook of Gitea', () => {
  it('names every address of the repository, and the tag that was pushed', () => {
    expect(forge.read(sign(JSON.stringify(hubPush(repository, 'refs/tags/v1'))), secrets)).toEqual({
      kind: 'look',
      event: 'push',
      repositories: [repository, 'git@git.example:team/app.git', 'https://git.example/team/app'],
      refs: ['refs/tags/v1'],
    })
  })

  it('is one of Forgejo, which sends its own headers beside', () => {
    const { body, headers } = push(repository, 'main')
    const signature = headers['x-gitea-signature']!
    const own = { 'x-forgejo-event': 'push', 'x-forgejo-signature': signature }
    expect(forge.read({ body, headers: { ...headers, ...own } }, secrets).kind).toBe('look')
  })

  it.each([
    ['x-hub-signature-256', 'sha256', 'sha256='],
    ['x-gitea-signature', 'sha1', ''],
    ['x-gitea-signature', 'sha256', 'sha256='],
  ])('whose only proof is %s of %s behind "%s" is refused', (name, algorithm, prefix) => {
    const { body, headers } = push(repository, 'main')
    const { 'x-gitea-signature': _, ...others } = headers
    const signature = `${prefix}${createHmac(algorithm, secret).update(body).digest('hex')}`
    expect(forge.read({ body, headers: { ...others, [name]: signature } }, secrets).kind).toBe('refused')
  })
})
