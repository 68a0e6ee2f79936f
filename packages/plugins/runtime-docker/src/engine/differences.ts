import type { Difference } from '@longshore/core/protocol'
import type { ContainerDetails } from '../schema.js'
import type { AppliedContainer } from './applied.js'
import { nameOf, settingsOf } from './settings.js'

/** A container that compose started for one command of a person's is no part of what was applied. */
const oneOff = 'com.docker.compose.oneoff'

/** How what is there of a service differs from what was applied, a sentence each; the same for as long as it is the same. */
export function differencesOf(
  applied: readonly AppliedContainer[],
  all: readonly ContainerDetails[],
): Difference[] {
  const matched = new Set<ContainerDetails>()
  const found = applied.flatMap((was) => {
    const is = all.find(({ Id }) => Id === was.id) ?? all.find((each) => nameOf(each) === was.name)
    if (is) matched.add(is)
    return is ? between(was, is) : gone(was)
  })
  const others = all.filter((each) => !matched.has(each) && isBeside(each))
  return [...found, ...others.map(beside)].map(short)
}

function gone({ id, name, done }: AppliedContainer): Difference[] {
  return done ? [] : [{ what: 'removed', instance: id, say: `${name} was removed` }]
}

function between(was: AppliedContainer, is: ContainerDetails): Difference[] {
  const { name } = was
  const tell = (what: string, say: string) => ({ what, instance: is.Id, say: `${name} ${say}` })
  const differences: Difference[] = []
  if (is.Image !== was.image)
    differences.push(
      tell('image', `runs another image: ${id(is.Image)}, and was deployed with ${id(was.image)}`),
    )
  else if (is.Id !== was.id) differences.push(tell('config', 'was made anew by somebody else'))
  if (nameOf(is) !== name) differences.push(tell('config', `is called ${nameOf(is)} now`))
  const settings = settingsOf(is)
  for (const [key, before] of Object.entries(was.settings)) {
    const now = settings[key] ?? 'none'
    if (now !== before)
      differences.push(
        tell('config', `has another ${key}: ${now || 'none'}, and was deployed with ${before || 'none'}`),
      )
  }
  const state = stateOf(was, is)
  return state ? [...differences, tell(...state)] : differences
}

/** What is wrong with how it runs. One that its engine starts again is none of ours. */
function stateOf(
  was: AppliedContainer,
  { State }: ContainerDetails,
): [what: string, say: string] | undefined {
  const { Running, Restarting, Paused, OOMKilled, ExitCode, Health } = State
  if (Paused) return ['paused', 'is paused']
  if (Running || Restarting)
    return Health?.Status === 'unhealthy' ? ['unhealthy', 'is unhealthy: its health check fails'] : undefined
  if (was.done) return undefined
  if (OOMKilled) return ['oom', 'used more memory than it may and was ended']
  if (was.by) return [was.by, `was ${was.by} (exit code ${ExitCode})`]
  return ['died', `ended with exit code ${ExitCode}`]
}

function isBeside({ State, Config }: ContainerDetails): boolean {
  return (State.Running || State.Restarting) && Config.Labels?.[oneOff] !== 'True'
}

function beside(is: ContainerDetails): Difference {
  return { what: 'extra', instance: is.Id, say: `${nameOf(is)} runs for the service and was not deployed` }
}

/** An image's id as people know it. */
function id(image: string): string {
  return image.slice(0, 'sha256:'.length + 12)
}

/** What others chose to call things has no end. */
function short({ say, ...rest }: Difference): Difference {
  return { ...rest, say: say.length > 500 ? `${say.slice(0, 499)}…` : say }
}
