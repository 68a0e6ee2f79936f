import { readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { UsageError } from '../errors.js'

/** Which Longshore the commands ask, and by which token: what `longshore login` keeps. */
const Login = z.strictObject({
  url: z.url(),
  token: z.string(),
  /** Of the token, and whose it is. */
  id: z.string().optional(),
  user: z.string(),
  expires: z.string().optional(),
})
export type Login = z.infer<typeof Login>

/** Where it lies: a file that its account alone may read (XDG Base Directory). */
export function loginFile(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'longshore', 'login.json')
}

export function readLogin(env: NodeJS.ProcessEnv): Login | undefined {
  const file = loginFile(env)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw broken(file, error)
  }
  try {
    return Login.parse(JSON.parse(text))
  } catch (error) {
    throw broken(file, error)
  }
}

/** The same, where one that cannot be read is as good as none. */
export function formerLogin(env: NodeJS.ProcessEnv): Login | undefined {
  try {
    return readLogin(env)
  } catch {
    return undefined
  }
}

/** Whole or not at all, and never readable by others. */
export async function keepLogin(env: NodeJS.ProcessEnv, login: Login): Promise<void> {
  const file = loginFile(env)
  const draft = `${file}.${process.pid}`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await rm(draft, { force: true })
  await writeFile(draft, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  await rename(draft, file)
}

export async function forgetLogin(env: NodeJS.ProcessEnv): Promise<void> {
  await rm(loginFile(env), { force: true })
}

function broken(file: string, cause: unknown): UsageError {
  return new UsageError('LOGIN_BROKEN', `${file} cannot be read as what longshore login keeps`, {
    hint: 'Remove it by longshore logout, and log in again.',
    cause,
  })
}
