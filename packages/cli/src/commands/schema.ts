import { configSchema, showHidden } from '@longshore/core/protocol'
import { z } from 'zod'
import { command } from '../command.js'
import { builtInPlugins } from '../product/plugins.js'

export const schema = command({
  about:
    'Prints the JSON Schema of the config, with the sections of the built-in plugins. Editors complete and check by it.',
  args: {},
  examples: [['longshore schema > longshore.schema.json', 'keep it beside the config']],
  async run(_, terminal) {
    terminal.print(showHidden(JSON.stringify(await configJsonSchema(), null, 2)))
  },
})

/** What people write, not what it is parsed to: `30s`, not 30000. */
export async function configJsonSchema(): Promise<object> {
  const made = z.toJSONSchema(configSchema(await builtInPlugins()), { io: 'input', unrepresentable: 'any' })
  return { ...made, title: 'Longshore config' }
}
