import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const server = fileURLToPath(new URL('../processes/check-target.mjs', import.meta.url))

/** A process that answers what is looked at, and tells how punctual the looks were. */
export async function withTarget(every, use) {
  const child = fork(server, [String(every)])
  try {
    const [{ port }] = await once(child, 'message')
    const report = async () => {
      const said = once(child, 'message')
      child.send('report')
      return (await said)[0]
    }
    return await use({ port, begin: () => child.send('begin'), report })
  } finally {
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
  }
}
