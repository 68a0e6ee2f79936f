import { createHmac } from 'node:crypto'
import { Secret } from '@longshore/core'
import { describe, expect, it } from 'vitest'
import { BitbucketForge } from '../src/forge.js'
import { push, pushed, secret, sign } from './deliveries.js'

const forge = new BitbucketForge()
const secrets = { secret: new Secret(secret) }
const repository = 'https://git.example/team/app.git'

describe('a webhook of Bitbucket', () => {
  it('names every ref that a push moved, and none that it removed', () => {
    const changes = [
      { new: { type: 'branch', name: 'main' } },
      { new: { type: 'tag', name: 'v1' } },
      { new: null },
    ]
    expect(forge.read(sign(JSON.stringify(pushed(repository, changes))), secrets)).toEqual({
      kind: 'look',
      event: 'repo:push',
      repositories: ['https://git.example/team/app'],
      refs: ['refs/heads/main', 'refs/tags/v1'],
    })
  })

  it.each([
    ['x-hub-signature', 'sha1', 'sha1='],
    ['x-hub-signature-256', 'sha256', 'sha256='],
    ['x-hub-signature', 'sha256', ''],
  ])('whose only proof is %s of %s behind "%s" is refused', (name, algorithm, prefix) => {
    const { body, headers } = push(repository, 'main')
    const { 'x-hub-signature': _, ...others } = headers
    const signature = `${prefix}${createHmac(algorithm, secret).update(body).digest('hex')}`
    expect(forge.read({ body, headers: { ...others, [name]: signature } }, secrets).kind).toBe('refused')
  })
})
