import type { Plugin } from '@longshore/core'
import { parseConfig } from '@longshore/core'
import { configSchema } from '@longshore/core/protocol'
import { startTestKernel, verifyPlugin } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import oidc from '../src/index.js'
import { sectionFor } from './start.js'

const away = sectionFor({ issuer: 'http://127.0.0.1:1' })

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(oidc as Plugin)) it(name, run)

  it('is not there where no provider is configured', async () => {
    const { kernel, stop } = await startTestKernel({ plugins: [oidc] })
    const { routes, doctor } = kernel.contributions
    expect([...routes, ...doctor].filter(({ plugin }) => plugin === 'auth-oidc')).toEqual([])
    await stop()
  })

  it('says that it needs the address that people type', async () => {
    const config = { auth: { oidc: away } }
    await expect(startTestKernel({ plugins: [oidc], config })).rejects.toMatchObject({ code: 'OIDC_URL' })
  })
})

describe('its section', () => {
  const faults = (change: object) => {
    const schema = configSchema([oidc])
    const value = {
      version: 1,
      auth: { oidc: { ...away, issuer: 'https://id.example/realms/x', ...change } },
    }
    try {
      parseConfig({ file: 'test', value }, schema)
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }

  it('takes an issuer over https, or on loopback, and nothing but its name', () => {
    for (const issuer of [
      'https://id.example',
      'https://id.example/a/',
      'http://localhost:9',
      'http://[::1]:9/x',
    ])
      expect(faults({ issuer }), issuer).toBe('')
    const wrong = [
      'http://id.example',
      'http://127.0.0.1.example',
      'http://localhost.example',
      'http://169.254.169.254',
      'ftp://id.example',
      'file:///etc/passwd',
      'https://me:pass@id.example',
      'https://id.example/?a=b',
      'https://id.example/#a',
      'https://id.example/.well-known/openid-configuration',
      'id.example',
      '',
    ]
    for (const issuer of wrong) expect(faults({ issuer }), issuer).toContain('auth.oidc.issuer')
  })

  it('takes the secret by reference only, and is closed when no group has a role', () => {
    expect(faults({ clientSecret: 'plain' })).toContain('auth.oidc.clientSecret')
    expect(faults({ roles: {} })).toMatch(/auth\.oidc\.roles: name at least one group/)
    expect(faults({ roles: { admin: [''] } })).toContain('auth.oidc.roles.admin')
    expect(faults({ roles: { root: ['x'] } })).toContain('auth.oidc.roles.root')
    expect(faults({ scopes: ['profile'] })).toMatch(/openid belongs/)
    expect(faults({ clientid: 'x' })).toMatch(/did you mean clientId/)
  })
})
