import { definePlugin, refuseIf } from '@longshore/core'
import { z } from 'zod'

/** Refuses commits whose message holds one of the words: they are recorded as refused and never deployed by themselves. */
export default definePlugin({
  name: 'skip',
  config: z.strictObject({ words: z.array(z.string().min(1)).default(['[skip]']) }).prefault({}),
  setup({ config: { words }, hooks }) {
    hooks.admit.tap(({ message }) => {
      const word = words.find((each) => message.includes(each))
      return refuseIf(word !== undefined, 'SKIP_ASKED', `its message says ${word}`)
    })
  },
})
