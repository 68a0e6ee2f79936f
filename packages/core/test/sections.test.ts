import { expect, it } from 'vitest'
import { z } from 'zod'
import { definePlugin, type Plugin } from '../src/index.js'
import { Kernel } from '../src/kernel/kernel.js'

function make(plugins: Plugin[], config: object = {}): void {
  const document = { file: 'test', value: { version: 1, host: 'test', ...config } }
  new Kernel({ plugins, config: document, data: '/nonexistent', version: '0' })
}

it("a plugin may have its section within another one's, whether that one is there or not", () => {
  const sections: unknown[] = []
  const owner = definePlugin({
    name: 'owner',
    config: z.strictObject({ size: z.int().default(3) }).prefault({}),
    setup: ({ config: { size } }) => void sections.push(size),
  })
  const guest = definePlugin({
    name: 'guest',
    config: z.strictObject({ colour: z.string() }).optional(),
    section: ['owner', 'paint'],
    setup: ({ config }) => void sections.push(config),
  })
  make([guest, owner], { owner: { paint: { colour: 'red' } } })
  make([guest], { owner: { paint: { colour: 'blue' } } })
  make([owner, guest])
  expect(sections).toEqual([{ colour: 'red' }, 3, { colour: 'blue' }, 3, undefined])
  expect(() => make([owner, guest], { owner: { pain: { colour: 'red' } } })).toThrow(
    /owner\.pain: unknown key "pain"; did you mean paint\?/,
  )
  expect(() => make([owner, guest], { owner: { paint: { color: 'red' } } })).toThrow(/did you mean colour/)
  expect(() => make([owner, guest], { guest: { colour: 'red' } })).toThrow(/guest/)
  expect(() => make([owner], { owner: { paint: { colour: 'red' } } })).toThrow(/paint/)
})
