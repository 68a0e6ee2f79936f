import type { FlowParts } from '../flow/parts.js'
import { isDrifted, isLost, type Placement } from '../protocol/index.js'

/**
 * Whether what ran is gone without anybody's wish and to be brought back, however often that fails. Of what its runtime calls
 * drift healing is the end.
 */
export function comesBack({ service }: FlowParts, placement: Placement): boolean {
  const heals = (service(placement.service)?.policy.drift ?? 'heal') === 'heal'
  return heals && !placement.drift?.gaveUp && isLost(placement) && !isDrifted(placement)
}
