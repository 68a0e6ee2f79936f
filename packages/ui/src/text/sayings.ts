import type { CoreKind, EventOf } from '@longshore/core/protocol'

/** What each kind of event says, to be read behind the service that it is about. */
export type Sayings = { [K in CoreKind]: (event: EventOf<K>) => string }

/** With a colon before it, where there is one. */
export const because = (reason: string | undefined) => (reason ? `: ${reason}` : '')
/** What people said to it, in quotes. */
export const quoted = (why: string | undefined) => (why ? `, “${why}”` : '')
