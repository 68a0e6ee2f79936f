import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

// Longshore says where to listen (the config's env) and which commit this is (LONGSHORE_*).
const { PORT, LONGSHORE_COMMIT } = process.env
const greeting = readFileSync(new URL('greeting.txt', import.meta.url), 'utf8').trim()
const answer = `${greeting} (commit ${LONGSHORE_COMMIT?.slice(0, 7)})\n`

createServer((_, response) => response.end(answer)).listen(Number(PORT), '127.0.0.1', () => {
  console.log(`answering "${greeting}" on http://127.0.0.1:${PORT}`)
})
