import { createHmac } from 'node:crypto'
import { Secret } from '@longshore/core'
import { hubPush } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { GithubForge } from '../src/forge.js'
import { push, secret, sign } from './deliveries.js'

const forge = new GithubForge()
const secrets = { secret: new Secret(secret) }
const repository = 'https://git.example/team/app.git'

describe('a webhook of GitHub', () => {
  it('is read as a form too, which is what GitHub sends unless told otherwise', () => {
    const content = JSON.stringify(hubPush(repository, 'refs/heads/main'))
    const form = new URLSearchParams({ payload: content }).toString()
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(forge.read(sign(form, type), secrets)).toMatchObject({ kind: 'look', refs: ['refs/heads/main'] })
    expect(forge.read(sign('payload=', type), secrets)).toMatchObject({ kind: 'malformed' })
    expect(forge.read(sign('other=1', type), secrets)).toMatchObject({ kind: 'malformed' })
  })

  it('names every address of the repository, and the tag that was pushed', () => {
    expect(forge.read(sign(JSON.stringify(hubPush(repository, 'refs/tags/v1'))), secrets)).toEqual({
      kind: 'look',
      event: 'push',
      repositories: [repository, 'git@git.example:team/app.git', 'https://git.example/team/app'],
      refs: ['refs/tags/v1'],
    })
  })

  it.each([
    ['x-hub-signature', 'sha1', 'sha1='],
    ['x-gitea-signature', 'sha256', ''],
    ['x-hub-signature', 'sha256', 'sha256='],
  ])('that is signed by %s of %s alone is refused', (name, algorithm, prefix) => {
    const { body, headers } = push(repository, 'main')
    const { 'x-hub-signature-256': _, ...others } = headers
    const signature = `${prefix}${createHmac(algorithm, secret).update(body).digest('hex')}`
    expect(forge.read({ body, headers: { ...others, [name]: signature } }, secrets).kind).toBe('refused')
  })

  it('says nothing about a push that was turned into one by its header', () => {
    const body = JSON.stringify({ action: 'opened', number: 1, pull_request: { head: { ref: 'evil' } } })
    expect(forge.read(sign(body, { 'x-github-event': 'push' }), secrets).kind).toBe('malformed')
    expect(forge.read(sign(body, { 'x-github-event': '<script>' }), secrets)).toMatchObject({
      event: 'unknown',
    })
  })
})
