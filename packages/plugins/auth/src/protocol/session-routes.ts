import { Page, shape } from '@longshore/core/protocol'
import { z } from 'zod'
import { Me, Password, Session, UserName } from './names.js'
import { byId, done } from './shapes.js'

const code = z.string().trim().max(40)
const password = z.string().max(200)

export const sessionRoutes = {
  setUpLink: shape({
    method: 'GET',
    path: '/session/setup',
    summary: 'The one-time link by which the first administrator is made; on the machine itself only',
    right: 'users:write',
    response: z.strictObject({ path: z.string().nullable() }),
  }),
  setUp: shape({
    method: 'POST',
    path: '/session/setup',
    summary: 'Make the first administrator by the one-time link, and sign in',
    right: 'none',
    body: z.strictObject({ token: z.string().max(200).optional(), name: UserName, password: Password }),
    response: Me,
    status: 201,
  }),
  signIn: shape({
    method: 'POST',
    path: '/session',
    summary: 'Sign in; the answer sets the cookie of the session',
    right: 'none',
    body: z.strictObject({ name: UserName, password, code: code.optional() }),
    response: Me,
    status: 201,
  }),
  useLink: shape({
    method: 'POST',
    path: '/session/link',
    summary: 'Choose a password by a one-time link, and sign in',
    right: 'none',
    body: z.strictObject({ token: z.string().max(200), password: Password }),
    response: Me,
    status: 201,
  }),
  me: shape({
    method: 'GET',
    path: '/session',
    summary: 'Who you are, and what you may',
    right: 'account:read',
    scoped: true,
    response: Me,
  }),
  signOut: shape({
    method: 'DELETE',
    path: '/session',
    summary: 'Sign out: end the session, or revoke the token, that this request shows',
    // Nothing but what is shown ends, so a token may do it too.
    right: 'account:read',
    scoped: true,
    response: done,
  }),
  password: shape({
    method: 'POST',
    path: '/session/password',
    summary: 'Change your password; your other sessions end',
    right: 'account:write',
    scoped: true,
    body: z.strictObject({ password, next: Password }),
    response: done,
    // With it goes the new cookie.
    once: true,
  }),
  totp: shape({
    method: 'POST',
    path: '/session/totp',
    summary: 'Begin to ask for a code at each sign-in: the secret for your authenticator',
    right: 'account:write',
    scoped: true,
    body: z.strictObject({ password }),
    response: z.strictObject({ secret: z.string(), uri: z.string() }),
    once: true,
  }),
  confirmTotp: shape({
    method: 'POST',
    path: '/session/totp/confirm',
    summary: 'Confirm that by a first code; answers the recovery codes, once',
    right: 'account:write',
    scoped: true,
    body: z.strictObject({ code }),
    response: z.strictObject({ recovery: z.array(z.string()) }),
    once: true,
  }),
  dropTotp: shape({
    method: 'DELETE',
    path: '/session/totp',
    summary: 'Ask for no code any more',
    right: 'account:write',
    scoped: true,
    body: z.strictObject({ password }),
    response: done,
  }),
  sessions: shape({
    method: 'GET',
    path: '/sessions',
    summary: 'Your sessions; all=1 those of everybody, for who manages accounts',
    right: 'account:read',
    scoped: true,
    query: z.strictObject({ all: z.enum(['0', '1']).default('0') }),
    response: Page(Session),
  }),
  endSessions: shape({
    method: 'DELETE',
    path: '/sessions',
    summary: 'End your other sessions',
    right: 'account:write',
    scoped: true,
    response: z.strictObject({ ended: z.int() }),
  }),
  endSession: shape({
    method: 'DELETE',
    path: '/sessions/:id',
    summary: 'End a session of yours, or of anybody, for who manages accounts',
    right: 'account:write',
    scoped: true,
    params: byId,
    response: done,
  }),
} as const
