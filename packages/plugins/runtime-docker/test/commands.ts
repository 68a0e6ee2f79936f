import { execFileSync } from 'node:child_process'
import type { SubjectCommands } from '@longshore/core/testkit'

/** Commands of a shell, with a number in their words by which their processes are counted on this machine. */
export function testCommands(seconds = 4_000_000 + process.pid): SubjectCommands {
  const background = `setsid sleep ${seconds} &`
  return {
    ends: ['sh', '-c', 'echo one; echo two; exit 3'],
    lasts: ['sh', '-c', `${background} echo began; sleep ${seconds}; :`],
    leaves: ['sh', '-c', `${background} echo left`],
    async alive() {
      const all = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n')
      return all.filter((line) => line.includes(`sleep ${seconds}`)).length
    },
  }
}
