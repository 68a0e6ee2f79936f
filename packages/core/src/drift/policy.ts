import type { FlowParts } from '../flow/parts.js'
import type { Placement } from '../protocol/index.js'

/** Whether what is gone without anybody's wish is brought back. */
export function heals({ service }: FlowParts, { service: name, drift }: Placement): boolean {
  return (service(name)?.policy.drift ?? 'heal') === 'heal' && !drift?.gaveUp
}
