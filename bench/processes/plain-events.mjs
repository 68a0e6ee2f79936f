import { createServer } from 'node:http'
import { Server } from 'socket.io'

// What somebody would write first: each event to everybody, whoever reads.
const server = createServer()
const io = new Server(server)
const [socketPath, rate] = [process.argv[2], Number(process.argv[3])]
const now = () => performance.timeOrigin + performance.now()
const begin = performance.now()
let seq = 0
setInterval(() => {
  for (const due = ((performance.now() - begin) / 1000) * rate; seq < due;)
    io.of('/live').emit('event', {
      seq: ++seq,
      at: now(),
      kind: 'note.told',
      host: 'bench',
      service: 'app',
      text: 'x'.repeat(120),
    })
}, 10)
io.of('/live')
server.listen(socketPath)
