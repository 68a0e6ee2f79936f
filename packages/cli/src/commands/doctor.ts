import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { LongshoreError } from '@longshore/core'
import { clientArgs, command, openApi, surroundings } from '../command.js'
import { defaultDataFolder } from '../config/environment.js'
import { configFile, dataFolder, loadConfig, type Surroundings } from '../config/load.js'
import { exitCodeOf } from '../errors.js'
import { checkConfig } from '../product/check.js'
import { operationsRoutes, type DoctorReport } from '../product/operations.js'
import { plain, printJson, table } from '../terminal.js'

type Line = DoctorReport['lines'][number]

/** Milliseconds that a program may take to tell its version. */
const versionDeadline = 10_000

export const doctor = command({
  about: 'Looks whether all is well: this machine, the config, and everything in the Longshore that runs.',
  args: clientArgs,
  examples: [['longshore doctor', 'exits with 1 when something is not as it should be']],
  async run({ config, json }, terminal) {
    const where = surroundings(terminal, config)
    const lines = [await node(), await git(), await configLine(where), await dataLine(where)]
    try {
      lines.push(...(await (await openApi(terminal, config)).call(operationsRoutes.doctor)).lines)
    } catch (error) {
      lines.push(failure('longshore', error, exitCodeOf(error) === 4))
    }
    if (json) printJson(terminal, { lines })
    else {
      const mark = (ok: boolean) => (ok ? terminal.paint('green', 'ok') : terminal.paint('red', 'no'))
      const rows = lines.map(({ ok, line, say, hint }) => [
        mark(ok),
        line,
        plain(!ok && hint ? `${say}. ${hint}` : say),
      ])
      for (const row of table(rows)) terminal.print(row)
    }
    return lines.every(({ ok }) => ok) ? 0 : 1
  },
})

/** The smallest Node.js that Longshore runs on. */
const [major, minor] = [20, 19]

function node(): Promise<Line> {
  const [a = 0, b = 0] = process.versions.node.split('.').map(Number)
  const ok = a > major || (a === major && b >= minor)
  return Promise.resolve(
    line('node', ok, `Node.js ${process.version}`, `Longshore needs ${major}.${minor} or newer.`),
  )
}

async function git(): Promise<Line> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--version'], { timeout: versionDeadline })
    return line('git', true, stdout.trim())
  } catch {
    return line('git', false, 'there is no git that runs here', 'Install it: apt-get install git')
  }
}

async function configLine(where: Surroundings): Promise<Line> {
  try {
    const faults = await checkConfig(await loadConfig(where), defaultDataFolder(where.env))
    const say =
      faults.length === 0 ? `${configFile(where)} is good` : `the config has ${faults.length} faults`
    return line('config', faults.length === 0, say, '`longshore check` tells them.')
  } catch (error) {
    return failure('config', error)
  }
}

async function dataLine(where: Surroundings): Promise<Line> {
  try {
    const folder = await dataFolder(where)
    const writable = await firstThere(folder)
    return line(
      'data',
      writable,
      writable ? `${folder} can be written` : `${folder} cannot be written`,
      'See its owner and mode.',
    )
  } catch (error) {
    return failure('data', error)
  }
}

/** Whether the folder, or the nearest one above that is there already, can be written. */
async function firstThere(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) return false
    return firstThere(dirname(folder))
  }
}

function line(name: string, ok: boolean, say: string, hint?: string): Line {
  return { plugin: 'cli', line: name, ok, say, hint: ok ? undefined : hint }
}

function failure(name: string, error: unknown, quiet = false): Line {
  const { message } = error as Error
  const hint = error instanceof LongshoreError ? error.hint : undefined
  return {
    plugin: 'cli',
    line: name,
    ok: false,
    say: quiet ? 'no Longshore runs on this data folder' : message,
    hint,
  }
}
