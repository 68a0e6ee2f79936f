import assert from 'node:assert/strict'
import type { Ask, Caller, Gate, Grant, Knock } from '../../contracts/gate.js'
import { RefusedError } from '../../kernel/errors.js'
import type { Right } from '../../protocol/index.js'
import { lawsOf, type Law } from '../law.js'

/** A gate under test, and the hand that lets people in. */
export interface GateSubject {
  gate: Gate
  /** Headers by which somebody is known who reads and stops services: all, or only the one named. */
  let(service?: string): Promise<Knock['headers']>
  /** Takes that away again. */
  forget(headers: Knock['headers']): Promise<void>
  /** How many refusals are recorded so far. */
  refusals(): Promise<number>
  close(): Promise<void>
}

const from = '192.0.2.7'
const rights: Right[] = [
  'services:read',
  'services:stop',
  'services:deploy',
  'events:read',
  'users:write',
  'host:write',
]
const reading: Ask = { right: 'services:read', what: 'read', changes: false }
const stopping: Ask = { right: 'services:stop', what: 'stop', changes: true }

function over(headers: Knock['headers']): Knock {
  return { local: false, headers, from, secure: true }
}

/** The law of Gate, a test each. */
export function gateLaws(make: () => Promise<GateSubject>): Law[] {
  return [...lawsOfNobody(make), ...lawsOfRights(make), ...lawsOfWelcome(make)]
}

function lawsOfNobody(make: () => Promise<GateSubject>): Law[] {
  const law = lawsOf(make)
  return [
    law('unknown is nobody, whatever was sent, and nobody holds nothing', async ({ gate }) => {
      for (const headers of strange) {
        const caller = await gate.who(over(headers))
        assert.deepEqual(
          [caller.by, caller.actor.kind],
          ['nothing', 'nobody'],
          JSON.stringify(headers).slice(0, 100),
        )
        for (const right of rights) assert.equal(caller.holds(right) || caller.holds(right, 'api'), false)
        refused(await gate.may(caller, reading))
      }
    }),
    law('the socket is the local administrator', async ({ gate }) => {
      const caller = await gate.who({ local: true, headers: {}, from: undefined, secure: true })
      assert.deepEqual([caller.by, caller.actor.kind], ['socket', 'local'])
      for (const right of rights) assert.ok(caller.holds(right) && caller.holds(right, 'api'))
      for (const right of rights) assert.ok((await gate.may(caller, { ...stopping, right })).ok)
    }),
  ]
}

function lawsOfWelcome(make: () => Promise<GateSubject>): Law[] {
  const law = lawsOf(make)
  return [
    law(
      'whom a provider vouches for is let in, and whom it does not is recorded',
      async ({ gate, refusals }) => {
        const identity = { issuer: 'https://id.example', subject: '1', name: 'ines', role: 'viewer' }
        const { 'Set-Cookie': cookie = '' } = await gate.welcome(async () => identity, over({}))
        const caller = await gate.who(over({ cookie: cookie.split(';')[0] }))
        assert.deepEqual([caller.by, caller.actor], ['cookie', { kind: 'user', name: 'ines' }])
        const before = await refusals()
        const refuses = async () => Promise.reject(new RefusedError('LAW_REFUSED', 'not this one'))
        await assert.rejects(gate.welcome(refuses, over({})), { code: 'LAW_REFUSED' })
        assert.ok((await refusals()) > before)
      },
    ),
  ]
}

function lawsOfRights(make: () => Promise<GateSubject>): Law[] {
  const law = lawsOf(make)
  return [
    law('who is let in has these rights and no others', async (subject) => {
      const caller = await subject.gate.who(over(await subject.let()))
      assert.notEqual(caller.by, 'nothing')
      assert.ok((await subject.gate.may(caller, reading)).ok)
      assert.ok((await subject.gate.may(caller, { ...stopping, service: 'api' })).ok)
      refused(await subject.gate.may(caller, { ...stopping, right: 'users:write' }))
      refused(await subject.gate.may(caller, { ...stopping, right: 'host:write' }))
    }),
    law('who is limited to a service has no right for another, nor for all', async (subject) => {
      const { gate } = subject
      const caller = await gate.who(over(await subject.let('api')))
      await onlyApi(gate, caller)
    }),
    law('every refusal has a code and a reason, and is recorded', async (subject) => {
      const before = await subject.refusals()
      const known = await subject.gate.who(over(await subject.let()))
      refused(await subject.gate.may(known, { ...stopping, right: 'host:write' }))
      assert.equal(await subject.refusals(), before + 1)
    }),
    law('what is taken away is gone at once, and those who listen are told', async (subject) => {
      const { gate } = subject
      const headers = await subject.let()
      const caller = await gate.who(over(headers))
      let told = 0
      const undo = gate.changed(() => void told++)
      await subject.forget(headers)
      assert.ok(told > 0, 'told')
      refused(await gate.may(caller, reading))
      assert.equal((await gate.who(over(headers))).by, 'nothing')
      undo()
      await subject.forget(await subject.let())
      assert.equal(told, 1, 'told no more after the undo')
    }),
  ]
}

async function onlyApi(gate: Gate, caller: Caller): Promise<void> {
  assert.deepEqual([caller.holds('services:read', 'api'), caller.holds('services:read', 'db')], [true, false])
  assert.equal(caller.holds('services:read'), false)
  assert.ok((await gate.may(caller, { ...reading, service: 'api' })).ok)
  assert.ok((await gate.may(caller, { ...reading, scoped: true })).ok)
  refused(await gate.may(caller, { ...reading, service: 'db' }))
  refused(await gate.may(caller, reading))
  refused(await gate.may(caller, { ...stopping, service: 'db' }))
}

function refused(grant: Grant): void {
  assert.ok(!grant.ok, 'refused')
  assert.match(grant.code, /^[A-Z]+(_[A-Z]+)+$/)
  for (const text of [grant.reason, grant.hint, grant.rule]) assert.ok(text.length > 0)
}

/** What somebody may try who was not let in. */
const strange: Knock['headers'][] = [
  {},
  ...[
    '',
    'Bearer',
    'Bearer ',
    'Bearer x',
    'bearer null',
    `Bearer ${'a'.repeat(100_000)}`,
    'Basic YTpi',
    'Bearer a b',
    'Bearer \u0000',
  ].map((authorization) => ({ authorization })),
  ...[
    '',
    '=',
    ';;;',
    'a=b; a=c',
    `longshore=${'a'.repeat(100_000)}`,
    '__Host-longshore=',
    '__proto__=x',
    'longshore=%00',
    'longshore="x"',
  ].map((cookie) => ({ cookie })),
  { authorization: 'Bearer x', cookie: 'longshore=y' },
  {
    'x-forwarded-user': 'admin',
    'x-remote-user': 'root',
    'x-forwarded-for': '127.0.0.1',
    'x-real-ip': '127.0.0.1',
  },
]
