import { describe, expect, it } from 'vitest'
import { identityOf } from '../src/identity.js'
import { OidcConfig } from '../src/config.js'
import { sectionFor } from './start.js'

function identity(claims: object, more: object = {}) {
  const config = OidcConfig.parse(sectionFor({ issuer: 'https://id.example' }, more))!
  return identityOf({ iss: 'https://id.example', sub: '42', ...claims }, config)
}

function codeOf(claims: object, more: object = {}): unknown {
  try {
    return identity(claims, more)
  } catch (error) {
    return (error as { code?: string }).code
  }
}

describe('the role', () => {
  const roles: [unknown, string | undefined][] = [
    [['root'], 'admin'],
    [['all', 'root', 'ops'], 'admin'],
    [['all', 'night'], 'operator'],
    [['all'], 'viewer'],
    ['ops', 'operator'],
    [[], undefined],
    [undefined, undefined],
    [null, undefined],
    [['Root', 'root ', '/root', 'roo'], undefined],
    ['root,ops', undefined],
    ['', undefined],
    [[['root']], undefined],
    [[{ name: 'root' }], undefined],
    [{ 0: 'root', length: 1, includes: 'root' }, undefined],
    [true, undefined],
  ]
  it.each(roles)('of the groups %j is %s', (groups, role) => {
    const found = codeOf({ groups })
    if (role) expect(found).toMatchObject({ role, issuer: 'https://id.example', subject: '42' })
    else expect(found).toBe('OIDC_NO_ROLE')
  })

  it('is read of the claim that the config names', () => {
    const claim = 'https://ship.example/roles'
    expect(codeOf({ groups: ['root'] }, { claim })).toBe('OIDC_NO_ROLE')
    expect(identity({ [claim]: ['root'] }, { claim }).role).toBe('admin')
  })
})

describe('the name', () => {
  const groups = ['all']
  const email = 'boss@ship.example'
  const names: [object, string][] = [
    [{ preferred_username: 'ines', email, email_verified: true }, 'ines'],
    [{ email, email_verified: true }, email],
    [{ email }, '42'],
    [{ email, email_verified: false }, '42'],
    [{ email, email_verified: 'true' }, '42'],
    [{ preferred_username: 7, email: ['x'], email_verified: true }, '42'],
    [{ preferred_username: '' }, '42'],
    [{ preferred_username: 'x'.repeat(1_000) }, 'x'.repeat(200)],
  ]
  it.each(names)('of %j is %s', (claims, name) => {
    expect(identity({ groups, ...claims }).name).toBe(name)
  })

  it('may be of a claim that the config names; of an e-mail only a verified one', () => {
    expect(identity({ groups, nick: 'in' }, { name: 'nick' }).name).toBe('in')
    expect(identity({ groups, email, email_verified: true }, { name: 'email' }).name).toBe(email)
    for (const email_verified of [undefined, false, 'true', 1])
      expect(codeOf({ groups, email, email_verified }, { name: 'email' })).toBe('OIDC_MAIL')
  })
})
