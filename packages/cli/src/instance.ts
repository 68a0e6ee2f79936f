import type { Instance } from '@longshore/core/protocol'
import { plain } from './terminal.js'

/** What people call an instance: its name among those of its service, else its id as engines print it. */
export function called({ instance, name }: { instance: string; name?: string | undefined }): string {
  return plain(name ?? short(instance))
}

/** As `called`, of one that `longshore show` shows. */
export function calledIn({ id, name }: Pick<Instance, 'id' | 'name'>): string {
  return called({ instance: id, name })
}

/** A container's id as engines print it; what is shorter stays as it is. */
function short(id: string): string {
  return id.length > 20 ? id.slice(0, 12) : id
}

/** How one that ended did so. */
export function ending({ exitCode, signal }: Pick<Instance, 'exitCode' | 'signal'>): string {
  if (signal) return `by ${signal}`
  return typeof exitCode === 'number' ? `with exit code ${exitCode}` : 'in a way that nobody saw'
}
