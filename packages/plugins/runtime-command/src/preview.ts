import type { Plan } from '@longshore/core'
import { differenceBetween, type Made, type Preview } from '@longshore/core/protocol'
import { resolveCommand } from './command.js'
import type { CommandRun } from './config.js'

/** What a deployment uses; of variables their names. */
export function madeOf({ run, env }: Plan<CommandRun>): Made {
  const names = [...Object.keys(run.env), ...Object.keys(env)].sort()
  return { images: {}, env: names, resolved: JSON.stringify(resolvedOf(run), null, 2) }
}

function resolvedOf({ up, down, keepAlive, replace, grace, env }: CommandRun) {
  return { up, down, keepAlive, replace, grace: `${grace}ms`, env: Object.keys(env).sort() }
}

/** What a deployment would do beside `olds`, of which those that run would end. Errors: those of the command. */
export async function previewOf(
  plan: Plan<CommandRun>,
  olds: readonly { plan: Plan<CommandRun>; running: boolean }[],
): Promise<Preview> {
  const { run, service, directory, commit } = plan
  const { name } = await resolveCommand(run.up, directory)
  if (run.down) await resolveCommand(run.down, directory)
  const sha = commit.sha.slice(0, 7)
  const running = olds.filter((old) => old.running)
  const old = running.at(-1)
  const begins = run.keepAlive ? `${name} of ${sha} would be started` : `${name} of ${sha} would run once`
  const changes: Preview['changes'] = []
  if (!old) changes.push({ what: 'create', instance: service, say: begins })
  else {
    const differs = differenceBetween(resolvedOf(old.plan.run), resolvedOf(run))
    const values = Object.keys(run.env).filter(
      (key) => key in old.plan.run.env && !same(run, old.plan.run, key),
    )
    const words = [differs, values.length > 0 && `other values of ${values.join(', ')}`].filter(Boolean)
    const was = `what runs of ${old.plan.commit.sha.slice(0, 7)} would end`
    const say = `${begins}, and ${was}; ${words.join('; ') || 'only the commit differs'}`
    changes.push({ what: 'replace', instance: service, say: say.slice(0, 2000) })
  }
  return { resolved: madeOf(plan).resolved, changes }
}

function same(a: CommandRun, b: CommandRun, key: string): boolean {
  return JSON.stringify(a.env[key]) === JSON.stringify(b.env[key])
}
