import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApplyContext, Clock, Plan } from '@longshore/core'
import type { Endpoint } from '../engine/endpoint.js'
import { composeFailed } from './errors.js'
import { Model } from './model.js'
import { askCompose, markName, runCompose, type Call } from './process.js'
import { mapStrings, type Variables } from './secrets.js'

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const tailLines = 20

interface Ground {
  binary: string
  endpoint: Endpoint
  clock: Clock
  plan: Plan
  /** Compose's home for the time of the calls: empty, so that no login, no plugin and no setting of a person's counts. */
  home: string
}

/** Compose as one deployment calls it: in an environment that holds what it needs and nothing else. */
export class Calls {
  readonly #ground: Ground

  private constructor(ground: Ground) {
    this.#ground = ground
  }

  static async open(ground: Ground): Promise<Calls> {
    const { home, endpoint } = ground
    await rm(home, { recursive: true, force: true })
    await mkdir(home, { recursive: true, mode: 0o700 })
    const keys = Object.entries(endpoint.tcp?.tls ?? {})
    for (const [name, key] of keys) await writeFile(join(home, `${name}.pem`), key, { mode: 0o600 })
    return new Calls(ground)
  }

  close(): Promise<void> {
    return rm(this.#ground.home, { recursive: true, force: true })
  }

  /** The project as Compose understands its files, with stand-ins for secrets. */
  async resolve(
    { project, files, profiles }: { project: string; files: string[]; profiles: string[] },
    variables: Variables,
    context: ApplyContext,
  ): Promise<Model> {
    const { plan, home } = this.#ground
    const args = [
      ...['--project-directory', plan.directory, '--project-name', project],
      ...files.flatMap((file) => ['--file', file]),
      ...profiles.flatMap((profile) => ['--profile', profile]),
      ...['config', '--format', 'json'],
    ]
    // What stands here can be had by `${NAME}`, so it is as little as Compose needs to start.
    const env = { ...variables.standIns, ...plan.env, ...noRemotes, DOCKER_CONFIG: home }
    const answer = await askCompose(this.#call(args, env, variables, context))
    const parsed = Model.safeParse(json(answer))
    if (parsed.success) return mapStrings(parsed.data, (text) => text.replaceAll('$$', '$'))
    throw composeFailed('config', 'an answer that is not understood', parsed.error.issues[0]?.message ?? '')
  }

  build(model: Model, services: string[], variables: Variables, context: ApplyContext): Promise<void> {
    return this.#run(model, ['build', ...services], variables, context)
  }

  up(model: Model, variables: Variables, context: ApplyContext): Promise<void> {
    const words = ['up', '--detach', '--no-build', '--pull', 'never', '--remove-orphans']
    return this.#run(model, words, variables, context)
  }

  /** Makes all of the project, and starts nothing. */
  create(model: Model, variables: Variables, context: ApplyContext): Promise<void> {
    return this.#run(model, ['create', '--no-build', '--pull', 'never'], variables, context)
  }

  /** Starts what is made. */
  start(model: Model, variables: Variables, context: ApplyContext): Promise<void> {
    const words = ['up', '--detach', '--no-build', '--pull', 'never', '--no-recreate']
    return this.#run(model, words, variables, context)
  }

  /** What a service printed last, as far as it can be had. */
  async tail(project: string, service: string, variables: Variables, context: ApplyContext): Promise<string> {
    const args = [
      '--project-name',
      project,
      'logs',
      '--no-color',
      '--no-log-prefix',
      '--tail',
      String(tailLines),
      service,
    ]
    const said = await askCompose(this.#call(args, this.#env({}), variables, context)).catch(() => '')
    return variables.mask(said).slice(-1_000).trim()
  }

  /** The project goes through the standard input: what it holds of secrets is in no file. */
  #run(model: Model, words: string[], variables: Variables, context: ApplyContext): Promise<void> {
    const { directory } = this.#ground.plan
    const { name } = model
    const args = [
      ...['--ansi', 'never', '--project-directory', directory, '--project-name', name],
      ...['--env-file', '/dev/null', '--file', '-', ...words],
    ]
    const read = [...Object.values(model.secrets), ...Object.values(model.configs)]
    const env = this.#env(variables.pick(read.flatMap((each) => each?.environment ?? [])))
    const input = JSON.stringify(escape(variables.reveal(model)))
    return runCompose({ ...this.#call(args, env, variables, context), input })
  }

  #env(given: Record<string, string>): Record<string, string> {
    const { home, endpoint } = this.#ground
    const { tcp } = endpoint
    return {
      ...given,
      ...noRemotes,
      PATH: path,
      HOME: home,
      DOCKER_CONFIG: home,
      DOCKER_HOST: tcp ? `tcp://${tcp.host}:${tcp.port}` : endpoint.host,
      ...(tcp?.tls && { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: home }),
    }
  }

  #call(
    args: string[],
    env: Record<string, string>,
    variables: Variables,
    { output, signal }: ApplyContext,
  ): Call {
    const { binary, clock, home } = this.#ground
    const line: Call['line'] = (stream, text) => output.write(stream, `${variables.mask(text)}\n`)
    return { binary, args, env: { ...env, [markName]: home }, folder: home, line, clock, signal }
  }
}

/** The second lock: files from elsewhere are refused before Compose is called. */
const noRemotes = { COMPOSE_EXPERIMENTAL_GIT_REMOTE: '0', COMPOSE_EXPERIMENTAL_OCI_REMOTE: '0' }

/** As Compose reads it: a lone dollar would begin a variable. */
export function escape(model: Model): Model {
  return mapStrings(model, (text) => text.replaceAll('$', '$$$$'))
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
