import type { Right } from '@longshore/core/protocol'
import type { Role } from './protocol/names.js'
import type { UserDocument } from './store.js'

/** What somebody holds: a role, or single rights; of all services, or of some. */
export interface Holding {
  role?: Role | undefined
  rights?: readonly string[] | undefined
  services?: readonly string[] | undefined
}

/** The labels of a service as the config has them now. */
export type Labels = (service: string) => Readonly<Record<string, string>>

/** What no token ever has, whatever its role: to make more of its kind, or accounts. */
export const forPeople: ReadonlySet<string> = new Set(['users:write', 'account:write'])

/** Whether somebody holds a right for a service, or without one for all. */
export function holds(holding: Holding, right: Right, service: string | undefined, labels: Labels): boolean {
  if (right === 'none') return true
  const [noun, verb] = right.split(':') as [string, string]
  const { role, rights, services } = holding
  // Everybody has an account of their own, whatever it is limited to.
  const isCovered =
    noun === 'account' || !services || (service !== undefined && covers(services, service, labels))
  if (!isCovered) return false
  if (role !== undefined) return roleHolds(role, noun, verb)
  return (rights ?? []).some((text) => textHolds(text, noun, verb, service))
}

export function tokenHolds(
  holding: Holding,
  right: Right,
  service: string | undefined,
  labels: Labels,
): boolean {
  return !forPeople.has(right) && holds(holding, right, service, labels)
}

/** Whether somebody holds a right for one service at least, or could. */
export function holdsSome(holding: Holding, right: Right, labels: Labels): boolean {
  if (holds(holding, right, undefined, labels)) return true
  const [noun, verb] = right.split(':') as [string, string]
  if (holding.role !== undefined) return roleHolds(holding.role, noun, verb)
  return (holding.rights ?? []).some((text) => {
    const [heldNoun, heldVerb] = partsOf(text)
    return heldNoun === noun && heldVerb === verb
  })
}

function roleHolds(role: Role, noun: string, verb: string): boolean {
  if (role === 'admin' || noun === 'account') return true
  if (noun === 'users' || noun === 'host') return false
  return verb === 'read' || (role === 'operator' && (verb === 'deploy' || verb === 'stop'))
}

function textHolds(text: string, noun: string, verb: string, service: string | undefined): boolean {
  const [heldNoun, heldVerb, pattern] = partsOf(text)
  if (heldNoun !== noun || heldVerb !== verb) return false
  return pattern === undefined || (service !== undefined && fits(pattern, service))
}

/** `hooks:api` is short for `hooks:write:api`. */
export function partsOf(text: string): [noun: string, verb: string, pattern: string | undefined] {
  const [noun = '', verb = '', pattern] = text.split(':')
  return noun === 'hooks' && verb !== 'write' ? [noun, 'write', verb] : [noun, verb, pattern]
}

function covers(scopes: readonly string[], service: string, labels: Labels): boolean {
  return scopes.some((scope) => {
    const at = scope.indexOf('=')
    if (at < 0) return fits(scope, service)
    return labels(service)[scope.slice(0, at)] === scope.slice(at + 1)
  })
}

/** A star stands for any characters. Compared piece by piece: a pattern is somebody's input, and no expression. */
function fits(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === name
  const last = rest.pop()!
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last))
    return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}

/** Whether an account may do everything, accounts and their rights too. */
export function mayAll({ role, disabled, services }: UserDocument): boolean {
  return role === 'admin' && !disabled && !services
}

/** The same, of one that can sign in now. */
export function isAdmin(user: UserDocument): boolean {
  return mayAll(user) && (user.password ?? user.identity) !== undefined
}

/** The words of a holding, for people and for the journal. */
export function inWords({ role, rights, services }: Holding): string {
  const what = role === undefined ? (rights ?? []).join(' ') : `role ${role}`
  return services ? `${what} for ${services.join(' ')}` : what
}
