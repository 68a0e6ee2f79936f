import { createServer } from 'node:http'

/*
 * Answers every path, and on `begin` counts from then: on `report` it tells how many looks came, and by how many
 * milliseconds each missed its time, which is the median of its path's places in the interval.
 */
const every = Number(process.argv[2])
let arrivals = new Map()

const server = createServer((request, response) => {
  response.end('fine')
  const own = arrivals.get(request.url)
  if (own) own.push(performance.now())
  else arrivals.set(request.url, [performance.now()])
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

process.on('message', (message) => {
  if (message === 'begin') arrivals = new Map()
  if (message === 'report') process.send(report())
})
process.on('disconnect', () => process.exit())

function report() {
  const errors = [...arrivals.values()].flatMap((times) => {
    const places = times.map((time) => time - every * Math.round((time - times[0]) / every))
    const own = places.toSorted((a, b) => a - b)[places.length >> 1]
    return places.map((place) => Math.abs(place - own))
  })
  const sorted = errors.toSorted((a, b) => a - b)
  return { looks: errors.length, p99: sorted[Math.floor(sorted.length * 0.99)] ?? NaN }
}
