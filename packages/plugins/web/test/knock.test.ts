import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { knocks } from '../src/knock.js'

/** Where a request of a proxy on this machine comes from, when it writes that. */
function from(written: string | undefined, trusted = ['127.0.0.1'], peer = '127.0.0.1'): string | undefined {
  const request = { headers: { 'x-forwarded-for': written }, socket: { remoteAddress: peer } }
  return knocks('tcp', trusted)(request as unknown as IncomingMessage).from
}

describe('where a request comes from', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:51234', '203.0.113.9'],
    ['[2001:db8::1]:51234', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['10.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['unknown', '127.0.0.1'],
    ['_hidden', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['x'.repeat(10_000), '127.0.0.1'],
    ['203.0.113.9.example', '127.0.0.1'],
  ])('is an address, whatever a trusted proxy writes: %.30s', (written, address) => {
    expect(from(written)).toBe(address)
  })

  it('is the peer itself where that is not trusted, and an IPv4 address in its own clothes', () => {
    expect(from('203.0.113.9', [])).toBe('127.0.0.1')
    expect(from(undefined, [], '::ffff:192.0.2.1')).toBe('192.0.2.1')
  })
})
