import { appendFileSync } from 'node:fs'
import { definePlugin, Journal } from '@longshore/core'
import { z } from 'zod'

const tick = 10
const now = () => performance.timeOrigin + performance.now()

/** Records so many events a second, each in a write of its own, and keeps in a file when each was durable. */
export default definePlugin({
  name: 'telling',
  config: z.strictObject({ rate: z.int(), file: z.string() }),
  protocol: { events: { 'note.told': z.strictObject({ text: z.string() }) } },
  needs: { journal: Journal },
  setup({ config: { rate, file }, needs: { journal }, hooks }) {
    let lines = ''
    let timer
    const tell = async () => {
      const actor = { kind: 'system' }
      const [{ seq }] = await journal.record({
        kind: 'note.told',
        service: 'app',
        actor,
        data: { text: 'x'.repeat(40) },
      })
      lines += `${seq} ${now()}\n`
    }
    hooks.started.tap(() => {
      const begin = performance.now()
      let told = 0
      timer = setInterval(() => {
        for (const due = ((performance.now() - begin) / 1000) * rate; told < due; told++)
          void tell().catch(() => undefined)
        if (lines.length < 65_536) return
        appendFileSync(file, lines)
        lines = ''
      }, tick)
    })
    hooks.stopping.tap(() => {
      clearInterval(timer)
      appendFileSync(file, lines)
    })
  },
})
