import { existsSync, writeFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { InputError } from '@longshore/core'
import { command } from '../command.js'
import { printYaml } from '../config/yaml.js'
import { UsageError } from '../errors.js'
import { fromCompose, type Draft } from '../product/compose.js'
import { wordsOf } from '../product/words.js'
import type { Terminal } from '../terminal.js'

const fileName = 'longshore.config.yaml'

export const init = command({
  about:
    'Writes a first longshore.config.yaml: asks for a service on a terminal, or takes it from a compose file or the flags.',
  args: {
    from: {
      type: 'string',
      description: 'A compose file, in the clone that it is kept in',
      valueHint: 'COMPOSE',
    },
    name: { type: 'string', description: 'The name of the service', valueHint: 'NAME' },
    url: { type: 'string', description: 'Its repository', valueHint: 'URL' },
    ref: {
      type: 'string',
      description: 'The branch or tag that it follows',
      default: 'main',
      valueHint: 'REF',
    },
    up: {
      type: 'string',
      description: 'The words of the command that starts it, or a path in the tree',
      valueHint: 'COMMAND',
    },
  },
  examples: [
    ['longshore init', 'asks, on a terminal'],
    ['longshore init --from compose.yaml', 'a service that docker compose brings up'],
    ["longshore init --name api --url https://git.example/api.git --up 'npm start'", 'asks nothing'],
  ],
  async run({ from, name, url, ref, up }, terminal) {
    const file = resolve(terminal.folder, fileName)
    if (existsSync(file)) {
      throw new InputError('CONFIG_EXISTS', `there is a ${fileName} already`, {
        hint: 'Add to it, or move it away first.',
      })
    }
    const draft = from
      ? await fromCompose(resolve(terminal.folder, from), {
          name,
          url,
          ref: ref === 'main' ? undefined : ref,
        })
      : await complete({ name, url, ref, up }, terminal)
    const address = openAddress(draft.url)
    writeFileSync(file, configText({ ...draft, url: address }), { flag: 'wx' })
    terminal.print(`${fileName} is written. longshore check looks at it, longshore serve runs it.`)
    if (address !== draft.url) terminal.note(leftOut(address))
    if (draft.unset?.length)
      terminal.note(
        `The compose file reads ${draft.unset.join(', ')}: set them under run.env, or in an .env file of the repository.`,
      )
  },
})

type Answers = Partial<Record<'name' | 'url' | 'ref' | 'up', string>>

/** What the flags leave open is asked for, where there is somebody to ask. */
async function complete(given: Answers, terminal: Terminal): Promise<Draft> {
  const open = (['name', 'url', 'up'] as const).filter((key) => !given[key])
  if (open.length > 0 && !terminal.interactive) {
    throw new UsageError(
      'COMMAND_USAGE',
      `there is no terminal to ask on, and these were not given: ${open.map((key) => `--${key}`).join(', ')}`,
      {
        hint: 'Give it on the command line, or use --from COMPOSE.',
      },
    )
  }
  const { name = '', url = '', ref = 'main', up = '' } = open.length > 0 ? await ask(given) : given
  return { name, url, ref, run: { kind: 'command', up: commandOf(up), keepAlive: true } }
}

async function ask(given: Answers): Promise<Answers> {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return {
      name: given.name ?? (await lines.question('Name of the service (a-z, 0-9, -): ')),
      url: given.url ?? (await lines.question('Its repository (https://… or git@…): ')),
      ref: (await lines.question(`The branch or tag to follow [${given.ref ?? 'main'}]: `)) || given.ref,
      up: given.up ?? (await lines.question('The command that starts it (npm start): ')),
    }
  } finally {
    lines.close()
  }
}

/** A path in the tree stays one. */
function commandOf(line: string): string | string[] {
  const words = wordsOf(line)
  const [path = ''] = words
  return words.length === 1 && path.includes('/') && !isAbsolute(path) ? path : words
}

/** The address without a password; but for ssh also without a user, which is often a token. */
function openAddress(url: string): string {
  const [, scheme = '', user] = /^([a-z][a-z0-9+.-]*:\/\/)([^/]*)@/i.exec(url) ?? []
  if (user === undefined) return url
  const kept = scheme.toLowerCase() === 'ssh://' ? `${user.split(':')[0]}@` : ''
  return `${scheme}${kept}${url.slice(scheme.length + user.length + 1)}`
}

/** What to do where the address held what no config holds. */
function leftOut(url: string): string {
  const said = 'The address of the repository held a user or a password: no config does, they were left out.'
  if (!/^https?:/.test(url)) return `${said} ssh asks by key.`
  const forge = { kind: 'https', username: 'NAME', password: { secret: 'env:FORGE_TOKEN' } }
  const declared = printYaml({ credentials: { forge } }).trimEnd()
  return `${said}\nWhere they are needed, set source.credential to forge, and declare that:\n\n${declared}`
}

/** Over ssh nothing goes without a key, and without the host keys that are trusted. */
const deployKey = {
  kind: 'ssh',
  key: { secret: 'file:/etc/longshore/id' },
  knownHosts: '/etc/longshore/known_hosts',
}

function configText({ name, url, ref, path, run }: Draft): string {
  const head = '# yaml-language-server: $schema=./node_modules/@longshore/cli/schema.json\n'
  const overSsh = !/^https?:/.test(url)
  const source = { url, ref, path, credential: overSsh ? 'deploy-key' : undefined }
  const credentials = overSsh ? { 'deploy-key': deployKey } : undefined
  return head + printYaml({ version: 1, credentials, services: { [name]: { source, run } } })
}
