import { GitServer } from '@longshore/core/testkit'

// A git server over the folder that the first argument names. It tells its port, takes on the manners that it is sent,
// and ends with whoever started it.
const server = await GitServer.start({ root: process.argv[2] })
process.on('message', (manners) => {
  Object.assign(server.manners, manners)
  process.send({ manners })
})
process.on('disconnect', () => server.close().then(() => process.exit()))
process.send({ port: server.port })
