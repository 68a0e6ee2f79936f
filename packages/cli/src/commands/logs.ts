import { LongshoreError } from '@longshore/core'
import { coreRoutes, parseTime } from '@longshore/core/protocol'
import { LogsLine, telemetryRoutes } from '@longshore/telemetry/protocol'
import { linesIn, wentAway, type Client } from '@longshore/client'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { UsageError } from '../errors.js'
import { called, calledIn } from '../instance.js'
import { printJson, type Terminal } from '../terminal.js'

/** Lines that are shown when nothing says which. */
const shown = '100'
/** Characters of a line that are held until its end comes. */
const longest = 65_536

export const logs = command({
  about: 'Shows what a service printed, also by instances that are gone, and with -f what it prints.',
  args: {
    ...serviceArg,
    follow: { type: 'boolean', alias: 'f', description: 'Stay for what comes' },
    instance: {
      type: 'string',
      description: 'Only of this one, as longshore show calls it',
      valueHint: 'NAME',
    },
    deployment: { type: 'string', description: 'Only of instances of this deployment', valueHint: 'ID' },
    since: {
      type: 'string',
      description: 'Only since then: 1h, or a time like 2026-05-01T12:00:00Z',
      valueHint: 'TIME',
    },
    until: { type: 'string', description: 'Only until then', valueHint: 'TIME' },
    search: {
      type: 'string',
      description: 'Only lines with this text in them, as it is written',
      valueHint: 'TEXT',
    },
    match: {
      type: 'string',
      description: 'Only lines in which this regular expression (RE2) finds something',
      valueHint: 'RE',
    },
    stream: { type: 'string', description: 'Only of stdout, stderr or note', valueHint: 'NAME' },
    tail: {
      type: 'string',
      description: `Only the last so many; ${shown} where nothing else says which`,
      valueHint: 'N',
    },
    ...clientArgs,
  },
  examples: [
    ['longshore logs api -f', 'the last lines, and then live'],
    ['longshore logs shop -f --instance web-1', 'only of one container, also when it is made anew'],
    ['longshore logs api --since 1h --search timeout', 'an hour of lines that say timeout'],
    ["longshore logs api --match 'status=5\\d\\d' --tail 20", 'the last 20 that match'],
    ['longshore logs api --deployment 01jd3k5w8xq4m2np --json', 'what one deployment printed, as JSON'],
  ],
  async run({ service, follow, config, json, ...given }, terminal) {
    const { instance, deployment, since, until, search, match, stream } = given
    for (const [name, time] of Object.entries({ since, until })) {
      if (time === undefined || parseTime(time, Date.now()) !== undefined) continue
      throw new UsageError('COMMAND_USAGE', `--${name} ${time} is no time`, {
        hint: 'Write 30m, 2h, 7d or 2026-05-01T12:00:00Z.',
      })
    }
    const narrow = [since, until, search, match].some((each) => each !== undefined)
    const narrowed = narrow || [instance, deployment, stream, given.tail].some((each) => each !== undefined)
    const tail = given.tail ?? (narrow ? undefined : shown)
    const api = await openApi(terminal, config)
    const query = {
      instance,
      deployment,
      since,
      until,
      search,
      match,
      stream,
      tail,
      follow: follow ? '1' : '0',
    }
    const print = json ? undefined : new Printer(terminal, await namesOf(api, service))
    const answer = await api.stream(
      telemetryRoutes.logs,
      { params: { service }, query },
      { headers: { accept: 'application/x-ndjson' } },
    )
    for await (const text of linesIn(answer)) {
      const line = LogsLine.parse(JSON.parse(text))
      if ('code' in line) throw new LongshoreError(line.code, line.detail)
      if (print) print.line(line)
      else printJson(terminal, line)
    }
    if (print?.empty) terminal.note(emptyOf(service, narrowed))
    if (follow) throw wentAway(api.place)
  },
})

/** Of the instances whose lines may come: where they are several, each line says whose it is. */
async function namesOf(api: Client, service: string): Promise<string[]> {
  const { placements } = await api
    .call(coreRoutes.service, { params: { service } })
    .catch(() => ({ placements: [] }))
  return placements.flatMap(({ instances }) => instances.map(calledIn))
}

function emptyOf(service: string, narrowed: boolean): string {
  return narrowed ? `${service} printed nothing that fits.` : `${service} has printed nothing yet.`
}

class Printer {
  readonly #terminal: Terminal
  /** False once something came. */
  empty = true
  #several: boolean
  #width: number
  #first: string | undefined
  /** The beginnings of lines whose ends are to come. */
  readonly #begun = new Map<string, string>()

  constructor(terminal: Terminal, names: string[]) {
    this.#terminal = terminal
    this.#several = names.length > 1
    this.#width = Math.max(0, ...names.map((name) => name.length))
  }

  line(line: Exclude<LogsLine, { code: string }>): void {
    const { paint, print } = this.#terminal
    this.empty = false
    if ('skipped' in line) return print(paint('dim', `[${line.skipped} lines are gone]`))
    const { instance, stream } = line
    this.#first ??= instance
    this.#several ||= instance !== this.#first
    const key = `${stream} ${instance}`
    const text = (this.#begun.get(key) ?? '') + line.text
    this.#begun.delete(key)
    // A line without an end is shown in pieces, not kept without a bound.
    if (line.partial && text.length < longest) return void this.#begun.set(key, text)
    const whose = this.#several ? `${paint('dim', `${this.#padded(called(line))} |`)} ` : ''
    for (const part of text.split('\n')) print(`${whose}${part}`)
  }

  #padded(name: string): string {
    this.#width = Math.max(this.#width, name.length)
    return name.padEnd(this.#width)
  }
}
