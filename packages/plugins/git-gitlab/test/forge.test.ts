import { Secret } from '@longshore/core'
import { describe, expect, it } from 'vitest'
import { GitlabForge } from '../src/forge.js'
import { now, pushed, Sender, signing, token } from './deliveries.js'

const forge = new GitlabForge()
const repository = 'https://git.example/team/app.git'
const both = { secret: new Secret(token), signing: new Secret(signing) }

describe('a webhook of GitLab', () => {
  it('bears every proof that is configured', () => {
    const kindOf = (sender: Sender, secrets: object) =>
      forge.read(sender.push(repository, 'main'), { ...secrets }, now).kind
    const { secret, signing } = both
    expect(kindOf(new Sender('token', 'signing'), both)).toBe('look')
    expect(kindOf(new Sender('token'), both)).toBe('refused')
    expect(kindOf(new Sender('signing'), both)).toBe('refused')
    expect(kindOf(new Sender('token'), { secret })).toBe('look')
    expect(kindOf(new Sender('signing'), { signing })).toBe('look')
    expect(kindOf(new Sender('token'), { signing })).toBe('refused')
    // One that is configured and cannot be had closes the door.
    expect(kindOf(new Sender('token', 'signing'), { secret, signing: undefined })).toBe('refused')
  })

  it('counts once where it is signed: the id of one that is not proves nothing', () => {
    const signed = new Sender('signing').push(repository, 'main')
    expect(forge.read(signed, { signing: both.signing }, now)).toMatchObject({ once: 'msg_2fb1' })
    const { body, headers } = new Sender('token').push(repository, 'main')
    const made = { body, headers: { ...headers, 'webhook-id': 'made up' } }
    expect(forge.read(made, { secret: both.secret }, now)).not.toHaveProperty('once')
  })

  it('while its signing token is replaced may bear two signatures', () => {
    const { body, headers } = new Sender('signing').push(repository, 'main')
    const good = headers['webhook-signature']!
    const other = `v1,${'A'.repeat(43)}=`
    for (const [given, kind] of [
      [`${other} ${good}`, 'look'],
      [`v1a,${'A'.repeat(86)}== ${good}`, 'look'],
      [`${other} ${other}`, 'refused'],
      [`${`${other} `.repeat(8)}${good}`, 'refused'],
      [good.replace('v1,', 'v1a,'), 'refused'],
    ]) {
      const request = { body, headers: { ...headers, 'webhook-signature': given! } }
      expect(forge.read(request, { signing: both.signing }, now).kind, given).toBe(kind)
    }
  })

  it('of a tag names the tag', () => {
    const request = new Sender('token').sign(
      JSON.stringify(pushed(repository, 'refs/tags/v1')),
      'Tag Push Hook',
    )
    expect(forge.read(request, { secret: both.secret }, now)).toEqual({
      kind: 'look',
      event: 'Tag Push Hook',
      repositories: [repository, 'git@git.example:team/app.git', 'https://git.example/team/app'],
      refs: ['refs/tags/v1'],
    })
  })
})
