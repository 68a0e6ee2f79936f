import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'

// The least that hears a webhook: reads it, signs it once, answers.
createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    createHmac('sha256', 'secret').update(Buffer.concat(chunks)).digest()
    response.writeHead(request.method === 'POST' ? 202 : 200).end('{}')
  })
}).listen(process.argv[2])
