import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The fuzzer schemathesis as a command, where `npm run provision` puts it. */
export function schemathesisBinary(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(cache, 'longshore', 'schemathesis')
  // The version is written when all is there.
  return existsSync(join(folder, 'version')) ? join(folder, 'bin', 'schemathesis') : undefined
}
