import type { Engine } from '../client.js'

/** Lines that are read, of which the engine keeps none longer than 16 KiB. */
const tail = 30
/** Characters that are answered. */
const longest = 4_000

/** What a container printed last, both streams as they came. */
export async function lastWords(engine: Engine, id: string): Promise<string> {
  const options = { stdout: true, stderr: true, tail, follow: false as const }
  const bytes = await engine.call((docker) => docker.getContainer(id).logs(options))
  let text = ''
  // Each frame: a byte for the stream, three empty ones, four for its length.
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at + 4)
    text += bytes.toString('utf8', at + 8, end)
    at = end
  }
  return text.slice(-longest)
}
