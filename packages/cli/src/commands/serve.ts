import { command, configArg, surroundings } from '../command.js'
import { logLevel } from '../config/environment.js'
import { configFile } from '../config/load.js'
import { printError, printJson } from '../terminal.js'

export const serve = command({
  about:
    'Runs Longshore in the foreground until it is told to end by SIGINT (Ctrl-C) or SIGTERM. Logs are JSON lines on standard error.',
  args: { ...configArg, json: { type: 'boolean', description: 'Say that it is ready in JSON' } },
  examples: [
    ['longshore serve', 'with the config of this folder'],
    ['LONGSHORE_LISTEN=127.0.0.1:0 longshore serve --config box.yaml', 'on any free port'],
  ],
  async run({ config, json }, terminal) {
    const where = surroundings(terminal, config)
    const level = logLevel(terminal.env)
    const { startProduct } = await import('../product/serve.js')
    const product = await startProduct(where, level).catch((error: unknown) => {
      // A lock or a rule that forbids the start is a failed start, not a refused request.
      printError(terminal, error)
      return undefined
    })
    if (!product) return 1
    const { url, data, host, setUp } = product
    if (json) printJson(terminal, { ready: true, url, data, host, pid: process.pid, setUp })
    else {
      terminal.print(`Longshore runs on ${host}, with ${configFile(where)}`)
      terminal.print(`  its API answers at ${url}/api/v1, its data lies in ${data}`)
      if (setUp)
        terminal.print(
          `  the first administrator, by this link, once: ${setUp}\n    longshore login 'LINK' takes it`,
        )
      terminal.print('  longshore ls shows the services, longshore events -f what happens; Ctrl-C ends it.')
    }
    return product.ended
  },
})
