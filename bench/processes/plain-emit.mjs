import { createServer } from 'node:http'
import { Server } from 'socket.io'

// What somebody would write first: every chunk to everybody, whoever reads.
const server = createServer()
const io = new Server(server)
const chunk = `${'x'.repeat(999)}\n`.repeat(50)
const begin = performance.now()
let sent = 0
setInterval(() => {
  for (const due = ((performance.now() - begin) / 1000) * 10_000_000; sent < due; sent += chunk.length)
    io.emit('frame', { text: chunk })
}, 5)
server.listen(process.argv[2])
