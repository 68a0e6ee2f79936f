import { userInfo } from 'node:os'
import type { Knock } from '@longshore/core'

const forwarding = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Whether a request comes from this machine itself, under a name of it, and without a proxy between. */
export function isDirect({ from, headers }: Knock): boolean {
  if (from === undefined || !(from === '::1' || from.startsWith('127.'))) return false
  const host = /^(?:\[::1\]|localhost|127(?:\.\d{1,3}){3})(?::\d{1,5})?$/i
  return host.test(headers['host'] ?? '') && !forwarding.some((name) => headers[name] !== undefined)
}

/** The account that Longshore runs as: whoever may open the socket is it, or root. */
export function accountName(): string {
  try {
    return userInfo().username
  } catch {
    // Containers often run under an id that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
