// A process that the tests give little memory: fetches a commit and writes it out, and tells what came of it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger, systemClock } from '@longshore/core'
import { GitConfig } from '../dist/config.js'
import { Git } from '../dist/git.js'
import { Limiter } from '../dist/limiter.js'
import { prepare } from '../dist/plugin.js'
import { GitProvider } from '../dist/provider.js'

const { repository, sha, folder, timeout } = JSON.parse(process.argv[2])
const home = join(folder, 'home')
const askpass = join(folder, 'askpass')
await prepare(folder, home, askpass, systemClock)
const provider = new GitProvider({
  config: GitConfig.parse({ timeout }),
  folder,
  git: new Git(home, new Limiter(4), new Limiter(4)),
  askpass,
  clock: systemClock,
  log: createLogger({ level: 'error' }),
  files: true,
})
const source = { url: `file://${repository}`, ref: 'main', poll: 1000 }
const { signal } = new AbortController()
const { author, message } = await provider.fetch(source, sha, signal)
const answer = await provider
  .checkout(source, sha, join(folder, 'out'), signal)
  .catch(({ code, message }) => ({ code, message }))
console.log(JSON.stringify({ commit: { author, message }, answer, megabytes: peak() / 1024 }))

/** KiB that it held at most, inside the heap and outside. What Linux counts for a process goes on from its parent's. */
function peak() {
  const { maxRSS } = process.resourceUsage()
  if (!existsSync('/proc/self/status')) return maxRSS
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}
