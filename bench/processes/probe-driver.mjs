import { Agent, request } from 'node:http'

/*
 * What Prometheus does for an exporter of probes: asks it about each target in its interval, over connections that stay, by one
 * timer. Arguments: the exporter's port, the targets' port, how many there are, and the interval in milliseconds.
 */
const [exporter, targets, count, every] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true, maxSockets: 200 })
const began = performance.now()
let next = 0

function probe(index) {
  const target = encodeURIComponent(`http://127.0.0.1:${targets}/${index}`)
  const path = `/probe?module=http_2xx&target=${target}`
  const asked = request({ host: '127.0.0.1', port: exporter, path, agent }, (response) => response.resume())
  asked.on('error', () => undefined)
  asked.end()
}

function turn() {
  const due = ((performance.now() - began) * count) / every
  for (; next < due; next++) probe(next % count)
  setTimeout(turn, 5)
}
turn()
