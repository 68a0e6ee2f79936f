import { Page, shape } from '@longshore/core/protocol'
import { z } from 'zod'
import { Password, Role, Scopes, Token, TokenRight, User, UserName } from './names.js'
import { byId, done, Link } from './shapes.js'

const named = z.strictObject({ user: UserName })

export const userRoutes = {
  users: shape({
    method: 'GET',
    path: '/users',
    summary: 'Every account, by name',
    right: 'users:read',
    response: Page(User),
  }),
  addUser: shape({
    method: 'POST',
    path: '/users',
    summary: 'Make an account; without a password it gets a one-time link to choose one',
    right: 'users:write',
    body: z.strictObject({
      name: UserName,
      role: Role,
      services: Scopes.optional(),
      password: Password.optional(),
    }),
    response: z.strictObject({ user: User, link: Link.optional() }),
    once: true,
    status: 201,
  }),
  changeUser: shape({
    method: 'PUT',
    path: '/users/:user',
    summary: 'Change what an account may, or disable it; its sessions end',
    right: 'users:write',
    params: named,
    body: z.strictObject({
      role: Role.optional(),
      /** null: all services. */
      services: Scopes.nullable().optional(),
      disabled: z.boolean().optional(),
    }),
    response: User,
  }),
  resetUser: shape({
    method: 'POST',
    path: '/users/:user/reset',
    summary: 'A one-time link to choose a new password; the old one, its code and its sessions end',
    right: 'users:write',
    params: named,
    response: Link,
    once: true,
  }),
  removeUser: shape({
    method: 'DELETE',
    path: '/users/:user',
    summary: 'Remove an account with its sessions and tokens',
    right: 'users:write',
    params: named,
    response: done,
  }),
} as const

export const tokenRoutes = {
  tokens: shape({
    method: 'GET',
    path: '/tokens',
    summary: 'Your tokens; all=1 those of everybody, for who manages accounts',
    right: 'account:read',
    scoped: true,
    query: z.strictObject({ all: z.enum(['0', '1']).default('0') }),
    response: Page(Token),
  }),
  addToken: shape({
    method: 'POST',
    path: '/tokens',
    summary: 'Make a token with a role, or with rights; it is shown this once',
    right: 'account:write',
    scoped: true,
    body: z
      .strictObject({
        name: z.string().trim().min(1).max(100),
        role: Role.optional(),
        rights: z.array(TokenRight).min(1).max(50).optional(),
        services: Scopes.optional(),
        networks: z
          .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
          .min(1)
          .max(50)
          .optional(),
        /** A time, or a span from now on such as 90d. */
        expires: z.string().max(40).optional(),
      })
      .refine(({ role, rights }) => (role === undefined) !== (rights === undefined), {
        error: 'a token has a role or rights, one of them',
        path: ['role'],
      }),
    response: z.strictObject({ id: z.string(), token: z.string() }),
    once: true,
    status: 201,
  }),
  revokeToken: shape({
    method: 'DELETE',
    path: '/tokens/:id',
    summary: 'Revoke a token of yours, or of anybody, for who manages accounts',
    right: 'account:write',
    scoped: true,
    params: byId,
    response: done,
  }),
} as const
