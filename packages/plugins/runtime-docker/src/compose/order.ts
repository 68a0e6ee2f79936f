import { composeLabel } from '../container/labels.js'

const dependsOn = 'com.docker.compose.depends_on'

/**
 * In which order containers are stopped: those first that no other one needs, and together what does not need each
 * other. A circle, or what says nothing of it, is stopped at once.
 */
export function stopOrder<T extends { labels: Readonly<Record<string, string>> }>(
  containers: readonly T[],
): T[][] {
  const layers: T[][] = []
  let rest = [...containers]
  while (rest.length > 0) {
    const needed = new Set(rest.flatMap(needs))
    const free = rest.filter(({ labels }) => !needed.has(labels[composeLabel.service] ?? ''))
    const layer = free.length > 0 ? free : rest
    layers.push(layer)
    rest = rest.filter((each) => !layer.includes(each))
  }
  return layers
}

/** Compose writes `api:service_healthy:false,db:service_started:true`. */
function needs({ labels }: { labels: Readonly<Record<string, string>> }): string[] {
  const own = labels[composeLabel.service]
  const names = (labels[dependsOn] ?? '').split(',').map((each) => each.split(':')[0]!)
  return names.filter((name) => name && name !== own)
}
