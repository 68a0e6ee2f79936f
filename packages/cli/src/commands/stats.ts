import { setTimeout as sleep } from 'node:timers/promises'
import { telemetryRoutes, type Stats, type StatsPoint } from '@longshore/telemetry/protocol'
import { ApiError, type Client } from '@longshore/client'
import { serviceNames } from '../api/services.js'
import { clientArgs, command, openApi } from '../command.js'
import { called } from '../instance.js'
import { printJson, table, type Terminal } from '../terminal.js'

/** Milliseconds between two looks of one who stays. */
const every = 10_000

export const stats = command({
  about: 'Shows what the instances of services use now; with --window also the mean and the most since then.',
  args: {
    service: { type: 'positional', description: 'One service; all of them when absent', required: false },
    follow: { type: 'boolean', alias: 'f', description: 'Stay, and show it again every 10 seconds' },
    window: { type: 'string', description: 'How far to look back: 15m, 1h, up to 14d', valueHint: 'SPAN' },
    ...clientArgs,
  },
  examples: [
    ['longshore stats', 'what everything uses now'],
    ['longshore stats api --window 1h', 'the last hour of api: now, mean and most'],
    ['longshore stats api --window 1h --json', 'the same as a series, for charts'],
  ],
  async run({ service, follow, window, config, json }, terminal) {
    const api = await openApi(terminal, config)
    for (;;) {
      const all = await ask(api, service, window)
      if (json) for (const each of all) printJson(terminal, each)
      else show(terminal, all, window)
      if (!follow) return
      await sleep(every)
    }
  },
})

async function ask(api: Client, service: string | undefined, window = '1m'): Promise<Stats[]> {
  const names = service === undefined ? await serviceNames(api) : [service]
  const found: Stats[] = []
  for (const name of names) {
    try {
      found.push(await api.call(telemetryRoutes.stats, { params: { service: name }, query: { window } }))
    } catch (error) {
      // Of all services, those of which nobody can tell are left out.
      const untold = error instanceof ApiError && error.code === 'TELEMETRY_MISSING'
      if (service !== undefined || !untold) throw error
    }
  }
  return found
}

function show(terminal: Terminal, all: Stats[], window: string | undefined): void {
  const rows = all.flatMap(({ service, instances }) =>
    instances
      .toSorted((a, b) => called(a).localeCompare(called(b), 'en', { numeric: true }))
      .map((each) => [service, called(each), ...figuresOf(each.points, window)]),
  )
  if (rows.length === 0)
    return terminal.note('Nothing is known of what runs: nothing does, or it began just now.')
  const spread = window === undefined ? ['CPU', 'MEMORY'] : ['CPU', 'MEAN', 'MOST', 'MEMORY', 'MEAN', 'MOST']
  const heads = ['SERVICE', 'INSTANCE', ...spread, 'LIMIT', 'NET IN', 'NET OUT', 'READ', 'WRITTEN', 'PIDS']
  for (const line of table([heads.map((head) => terminal.paint('dim', head)), ...rows])) terminal.print(line)
}

function figuresOf(points: StatsPoint[], window: string | undefined): string[] {
  const last = points.at(-1)!
  const spread = (figure: 'cpu' | 'memory', unit: (value: number | undefined) => string) => {
    const told = points.flatMap((point) => point[figure] ?? [])
    const mean = told.length === 0 ? undefined : told.reduce((sum, each) => sum + each.mean, 0) / told.length
    const most = told.length === 0 ? undefined : Math.max(...told.map((each) => each.most))
    return [unit(last[figure]?.mean), ...(window === undefined ? [] : [unit(mean), unit(most)])]
  }
  const { memoryLimit, networkIn, networkOut, blockRead, blockWritten, pids } = last
  return [
    ...spread('cpu', (value) => (value === undefined ? '-' : `${value.toFixed(1)}%`)),
    ...spread('memory', bytes),
    ...[memoryLimit, networkIn, networkOut, blockRead, blockWritten].map(bytes),
    pids === undefined ? '-' : String(pids),
  ]
}

/** Bytes in their largest unit, with three digits. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return '-'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10))
  const number = value / 2 ** (10 * power)
  return `${power === 0 || number >= 100 ? Math.round(number) : number.toPrecision(3)} ${units[power]}`
}
