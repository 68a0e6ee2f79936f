import { healthRoutes, type CheckedCommit, type ChecksView, type CheckView } from '@longshore/health/protocol'
import { serviceNames } from '../api/services.js'
import { clientArgs, command, openApi } from '../command.js'
import { ago, plain, printJson, table, type Terminal } from '../terminal.js'

export const checks = command({
  about: "Shows what services' checks say; of one service also its uptime and how each commit fared.",
  args: {
    service: { type: 'positional', description: 'One service; all of them when absent', required: false },
    window: { type: 'string', description: 'How far to look back: 1h, 24h, up to 30d', valueHint: 'SPAN' },
    ...clientArgs,
  },
  examples: [
    ['longshore checks', 'what every check says now'],
    ['longshore checks api', 'uptime, latency and commits of each check of api'],
    ['longshore checks api --window 7d --json', 'the same as a series, for charts'],
  ],
  async run({ service, window, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const names = service === undefined ? await serviceNames(api) : [service]
    const all: ChecksView[] = []
    for (const name of names)
      all.push(await api.call(healthRoutes.checks, { params: { service: name }, query: { window } }))
    if (json) for (const each of all) printJson(terminal, each)
    else if (service === undefined) list(terminal, all)
    else show(terminal, all[0]!)
  },
})

function list(terminal: Terminal, all: ChecksView[]): void {
  const rows = all.flatMap(({ service, paused, checks: each }) =>
    each.map((check) => [
      service,
      check.name,
      stateWord(terminal, check),
      check.since === undefined ? '' : ago(check.since),
      percent(check.uptime['24h']),
      said(check, paused),
    ]),
  )
  if (rows.length === 0)
    return terminal.note('No service has checks. Declare some by `checks` in the config: see docs/config.md.')
  const heads = ['SERVICE', 'CHECK', 'STATE', 'SINCE', '24 H', 'SAYS']
  for (const line of table([heads.map((head) => terminal.paint('dim', head)), ...rows])) terminal.print(line)
}

function show(terminal: Terminal, { service, paused, checks: all }: ChecksView): void {
  if (all.length === 0)
    return terminal.note(
      `${service} has no checks. Declare some by \`checks\` in the config: see docs/config.md.`,
    )
  if (paused !== undefined) terminal.print(`Nothing is looked at now: ${paused}.`)
  for (const check of all) {
    if (check !== all[0] || paused !== undefined) terminal.print('')
    for (const line of table(aboutCheck(terminal, check, paused))) terminal.print(line)
    if (check.commits.length === 0) continue
    const heads = ['COMMIT', 'RAN FOR', 'HEALTHY', 'LOOKS', 'MEDIAN', 'LAST FOUND ILL'].map((head) =>
      terminal.paint('dim', head),
    )
    for (const line of table([heads, ...check.commits.map(commitRow)])) terminal.print(`  ${line}`)
  }
}

function aboutCheck(terminal: Terminal, check: CheckView, paused: string | undefined): string[][] {
  const { name, kind, target, every, timeout, unhealthyAfter, healthyAfter, uptime, warning, looks, missed } =
    check
  const since = check.since === undefined ? '' : ` since ${ago(check.since)}`
  const last = check.steps.findLast(({ median }) => median !== undefined)
  const latency =
    last?.median === undefined ? [] : [['latency', `median ${took(last.median)}, 95th ${took(last.p95!)}`]]
  return [
    [terminal.paint('bold', name), `${stateWord(terminal, check)}${since}${dash(said(check, paused))}`],
    ['looks at', plain(`${kind}: ${target}`)],
    [
      'how often',
      `every ${span(every)}, for ${span(timeout)}; unhealthy after ${unhealthyAfter}, healthy after ${healthyAfter}`,
    ],
    [
      'uptime',
      `${percent(uptime['24h'])} in 24 h, ${percent(uptime['7d'])} in 7 d, ${percent(uptime['30d'])} in 30 d`,
    ],
    ...latency,
    ['looked', `${looks} times in the window${missed > 0 ? `, ${missed} missed` : ''}`],
    ...(warning === undefined ? [] : [['warning', terminal.paint('yellow', plain(warning))]]),
  ]
}

function commitRow({ sha, subject = '', ran, healthy, looks, median, ills }: CheckedCommit): string[] {
  const [last] = ills
  const ill = last ? plain(`${ago(last.at)}: ${last.reason}`) : ''
  return [
    plain(`${sha.slice(0, 7)} ${subject}`).slice(0, 50),
    span(ran),
    percent(healthy),
    String(looks),
    median === undefined ? '-' : took(median),
    ill,
  ]
}

function said({ state, reason, last }: CheckView, paused: string | undefined): string {
  if (paused !== undefined) return plain(paused)
  return plain((state === 'unhealthy' ? reason : last?.say) ?? reason ?? '')
}

const dash = (text: string) => (text === '' ? '' : `, ${text}`)

function stateWord(terminal: Terminal, { state }: CheckView): string {
  return terminal.paint(state === 'healthy' ? 'green' : state === 'unhealthy' ? 'red' : 'dim', state)
}

/** With as many digits as make a difference: `100%`, `99.93%`. */
function percent(share: number | undefined): string {
  if (share === undefined) return '-'
  if (share === 1) return '100%'
  return `${(Math.floor(share * 10_000) / 100).toFixed(2)}%`
}

function took(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`
}

/** `5 s`, `3 min`, `2 h 5 min`, `4 d 2 h`. */
function span(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000)
  if (milliseconds < 1_000) return `${milliseconds} ms`
  if (seconds < 60) return `${seconds} s`
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3_600),
    Math.floor(seconds / 86_400),
  ]
  if (hours === 0) return `${minutes} min`
  const [unit, rest] = days === 0 ? [`${hours} h`, `${minutes % 60} min`] : [`${days} d`, `${hours % 24} h`]
  return rest.startsWith('0 ') ? unit : `${unit} ${rest}`
}
