import { GitServer } from '@longshore/core/testkit'

// A git server over the folder that the first argument names. It tells its port, takes on the manners that it is sent,
// counts the looks at the repositories that it is asked about, and ends with whoever started it.
const server = await GitServer.start({ root: process.argv[2] })
process.on('message', ({ looksAt, ...manners }) => {
  Object.assign(server.manners, manners)
  const looks = (looksAt ?? []).reduce((sum, name) => sum + server.count(name).lsRefs, 0)
  process.send({ manners, looks })
})
process.on('disconnect', () => server.close().then(() => process.exit()))
process.send({ port: server.port })
