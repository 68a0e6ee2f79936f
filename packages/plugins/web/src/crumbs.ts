import type { IncomingMessage } from 'node:http'

/** Pieces that a body may come in however small they are, and the bytes that each holds on average beyond. */
const least = { pieces: 1_000, bytes: 8 }

/**
 * Ends the connection of a body that comes in crumbs: each piece is work, however little it holds, and a few connections
 * that send bytes one by one would keep everybody else waiting.
 */
export function endCrumbs(request: IncomingMessage): void {
  let pieces = 0
  let size = 0
  request.on('data', (piece: Buffer) => {
    size += piece.length
    if (++pieces > least.pieces && size < pieces * least.bytes) request.destroy()
  })
}
