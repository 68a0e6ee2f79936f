/** The services of the stage, and the one of them that limits are about. */
export const services = { own: 'spare', other: 'app' }

/** What a route asks for, as its plugin declares it. */
export interface Wanted {
  method: string
  path: string
  right: string
  scoped: boolean
}

/** What somebody has, in the words of the documentation. */
export interface Person {
  /** They have shown nothing that counts, or something that does not count any more. */
  unknown?: true
  role?: 'viewer' | 'operator' | 'admin'
  /** Single rights of a token: the right, and the service where it is of one. */
  rights?: readonly { right: string; service?: string }[]
  /** The one service that all of it is about. */
  limit?: string
  isToken?: true
  /** They come straight from this machine and show nothing at all. */
  bare?: true
}

export type Outcome = 'let in' | 'unknown' | 'forbidden'

/**
 * Who may what, written down a second time from the documentation: nothing of it is the product's code.
 * `service` is the one that the path names, if it names one.
 */
export function expected(person: Person, wanted: Wanted, service: string | undefined): Outcome {
  const { right, scoped } = wanted
  if (right === 'none') return 'let in'
  if (person.unknown) return person.bare && right === 'metrics:read' ? 'let in' : 'unknown'
  return mayEver(person, right) && reaches(person, right, service, scoped) ? 'let in' : 'forbidden'
}

/** Whether they have the right at all, for whichever service. */
function mayEver({ role, rights, isToken }: Person, right: string): boolean {
  if (isToken && (right === 'users:write' || right === 'account:write')) return false
  if (rights) return rights.some((each) => each.right === right)
  // Everybody who has a role has an account, or is asked about as if: they may look at themselves.
  if (right.startsWith('account:')) return true
  if (role === 'admin') return true
  if (right.startsWith('users:') || right.startsWith('host:')) return false
  if (right.endsWith(':read')) return true
  return role === 'operator' && (right === 'services:deploy' || right === 'services:stop')
}

/** Whether it is about all services, or the one that is asked about, or the answer keeps to what they may see. */
function reaches(person: Person, right: string, service: string | undefined, scoped: boolean): boolean {
  const limits = person.rights
    ? person.rights.filter((each) => each.right === right).map((each) => each.service)
    : [right.startsWith('account:') ? undefined : person.limit]
  if (limits.includes(undefined)) return true
  return service === undefined ? scoped : limits.includes(service)
}
