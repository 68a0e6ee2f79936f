import { isKind } from './event.js'
import type { HostState } from './host.js'
import { slice } from './slice.js'

/** One document per host: what of it cannot be asked now. */
export const hostSlice = slice<HostState>({
  name: 'host',
  key: ({ kind, host }) => (/^(engine|host)\./.test(kind) ? host : undefined),
  reduce(state, event) {
    const before: HostState = state ?? { host: event.host, away: {} }
    // Whether it is away is found out anew.
    if (isKind(event, 'host.started')) return { ...before, away: {} }
    if (isKind(event, 'engine.away')) {
      const { engine, ...away } = event.data
      return { ...before, away: { ...before.away, [engine]: { ...away, since: event.time } } }
    }
    if (!isKind(event, 'engine.back')) return state
    const { [event.data.engine]: _back, ...others } = before.away
    return { ...before, away: others }
  },
  shown: (state, _key, sees) => (sees(undefined) ? state : undefined),
})
