import { readFile } from 'node:fs/promises'
import { MissingError, Secret, UnavailableError, type SecretStore } from '@longshore/core'

/** `env:NAME`: the environment of Longshore itself. */
export const environmentStore: SecretStore = {
  read: (name, key) =>
    Promise.resolve().then(() => {
      // `env:constructor` is no variable, though every object answers to that name.
      const value = !key && Object.hasOwn(process.env, name) ? process.env[name] : undefined
      return found(value, `env:${name}`)
    }),
}

/** `file:/path` is the whole file without its last newline; `file:/path#KEY` the value of its line `KEY=value`. */
export const fileStore: SecretStore = {
  async read(path, key, signal) {
    const text = await readText(path, signal)
    const lines = text?.split(/\r?\n/) ?? []
    const value = key
      ? lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1)
      : text?.replace(/\r?\n$/, '')
    return found(value, `file:${path}${key ? `#${key}` : ''}`)
  },
}

async function readText(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await readFile(path, { encoding: 'utf8', signal })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UnavailableError('SECRET_UNAVAILABLE', `the file ${path} cannot be read`, {
      cause,
      hint: 'It must be readable by the user that Longshore runs as.',
    })
  }
}

function found(value: string | undefined, reference: string): Secret {
  if (value) return new Secret(value)
  throw new MissingError('SECRET_MISSING', `there is no secret at ${reference}`, {
    hint: 'Set it where Longshore runs; an empty value counts as missing.',
  })
}
