import type { Socket } from 'engine.io'
import type { Clock } from '@longshore/core'

/** Packets that a client may send within a second, and that may wait for it to read them. */
const limits = { sent: 1_000, waiting: 256 }

/** Packets that wait until the client has read those before them. */
export function unread(conn: Socket): number {
  // Engine.IO's documentation names it, its types hide it.
  return (conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length
}

/** Cuts a client off that floods, or that asks and asks and never reads an answer. */
export function guard(conn: Socket, clock: Clock): void {
  let since = clock.monotonic()
  let sent = 0
  conn.on('packet', () => {
    const now = clock.monotonic()
    if (now - since >= 1_000) [since, sent] = [now, 0]
    if (++sent <= limits.sent && unread(conn) <= limits.waiting) return
    cut(conn)
  })
}

/** Ends a connection at once: closing in good order waits for the other side, and reads what it sends meanwhile. */
export function cut(conn: Socket): void {
  ;(conn.transport as { socket?: { terminate(): void } }).socket?.terminate()
  conn.close(true)
}
