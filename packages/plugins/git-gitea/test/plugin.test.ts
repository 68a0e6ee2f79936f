import type { Plugin } from '@longshore/core'
import { startTestKernel, verifyPlugin } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import gitea from '../src/index.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(gitea as Plugin)) it(name, run)
})

describe('its part of the section hooks', () => {
  const start = async (giteaPart: object) => {
    const kernel = await startTestKernel({
      plugins: [gitea as Plugin],
      config: { hooks: { gitea: giteaPart } },
    })
    await kernel.stop()
  }
  const secret = { secret: 'env:HOOK' }
  const token = { secret: 'env:TOKEN' }
  const api = 'https://git.example/api'

  it.each([
    ['nothing', {}],
    ['an empty secret', { secret: '' }],
    ['a secret that is written down', { secret: 'swordfish' }],
    ['a reference to nothing', { secret: { secret: '' } }],
    ['a key that nobody knows', { secret, secrets: secret }],
    ['a token without an API', { secret, token }],
    ['an API without a token', { secret, api }],
    ['an API by plain http', { secret, token, api: 'http://git.example/api' }],
    ['an API with a password', { secret, token, api: 'https://a:b@git.example/api' }],
    ['an API that is a file', { secret, token, api: 'file:///etc/passwd' }],
    ['an API that is none', { secret, token, api: 'git.example' }],
  ])('with %s is refused', async (_, part) => {
    await expect(start(part)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it.each([
    ['a secret', { secret }],
    ['a token and an API', { secret, token, api }],
    ['an API on loopback', { secret, token, api: 'http://127.0.0.1:3000/api' }],
  ])('with %s is good', async (_, part) => {
    await start(part)
  })
})
