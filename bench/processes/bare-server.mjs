import { createServer } from 'node:http'

// The least that answers: what Node itself costs.
createServer((_, response) => response.end('ok')).listen(process.argv[2])
