import { coreRoutes } from '@longshore/core/protocol'
import type { Client } from '@longshore/client'

/** The names of all services, page by page. */
export async function serviceNames(api: Client): Promise<string[]> {
  const names: string[] = []
  for (let cursor: string | undefined; ;) {
    const { items, next } = await api.call(coreRoutes.services, { query: { limit: 1000, cursor } })
    names.push(...items.map(({ name }) => name))
    if (next === null) return names
    cursor = next
  }
}
