import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { needs } from '@longshore/core/testkit'
import type { Sample } from '@longshore/core/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { Bench } from './bench.js'

/** What statfs(2) calls a file system in memory: nothing there is written to a device. */
const tmpfs = 0x01021994

let bench: Bench
afterEach(() => bench.close())

for (const [how, places] of [
  ['kept in cgroups', undefined],
  ['without cgroups', []],
] as const) {
  describe(`what processes use, ${how}`, () => {
    /** Starts it, and watches until a sample is as it shall be; fails with the last one. */
    async function until(up: string[], holds: (sample: Sample) => boolean): Promise<Sample> {
      bench = await Bench.make(undefined, places && [...places])
      await bench.apply(1, { up, keepAlive: true, grace: '1s' })
      let last: Sample | undefined
      const query = { service: 'hello', host: 'box', every: 1_000 }
      for await (const [sample] of bench.telemetry.stats(query, AbortSignal.timeout(30_000))) {
        if (sample && holds((last = sample))) return sample
      }
      throw new Error(`it did not come about: ${JSON.stringify(last)}`)
    }

    it('memory is what is held, and every thread and process counts', async () => {
      const hold = 'const held = Buffer.alloc(50 << 20, 1); setInterval(() => held, 1000)'
      const script = `sleep 1000 & exec "$0" -e '${hold}'`
      const { pids } = await until(
        ['sh', '-c', script, process.execPath],
        ({ memory = 0 }) => memory >= 50 << 20 && memory < 200 << 20,
      )
      expect(pids).toBeGreaterThan(2)
    })

    it('what many that end soon have used is not lost', async () => {
      const script = 'while :; do head -c 50000000 /dev/zero >/dev/null; done'
      await until(['sh', '-c', script], ({ cpu = 0 }) => cpu >= 10)
    })

    it('what is written to disk counts; bytes of the host’s network are not the service’s', async () => {
      const script = 'dd if=/dev/zero of=file bs=1M count=8 conv=fsync 2>/dev/null; exec sleep 1000'
      const least = (await statfs(tmpdir())).type === tmpfs ? 0 : 8 << 20
      const sample = await until(['sh', '-c', script], ({ blockWritten = -1 }) => blockWritten >= least)
      expect(sample).not.toHaveProperty('networkIn')
    })

    it('in a network of its own its bytes count', needs('root'), async () => {
      const sample = await until(['unshare', '--net', 'sleep', '1000'], ({ networkIn }) => networkIn === 0)
      expect(sample.networkOut).toBe(0)
    })
  })
}
