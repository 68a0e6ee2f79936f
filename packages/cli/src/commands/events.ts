import { actorWord, coreRoutes, parseTime, type Event } from '@longshore/core/protocol'
import { followEvents } from '../api/events.js'
import { clientArgs, command, openApi } from '../command.js'
import { UsageError } from '../errors.js'
import { plain, printJson, type Terminal } from '../terminal.js'

export const events = command({
  about: 'Reads the journal: the last events, oldest first, and with -f those that come.',
  args: {
    follow: { type: 'boolean', alias: 'f', description: 'Stay for those that come' },
    service: { type: 'string', description: 'Only of this service', valueHint: 'NAME' },
    kind: { type: 'string', description: 'Only of this kind, such as hold.placed', valueHint: 'KIND' },
    actor: {
      type: 'string',
      description: 'Only by this actor, such as poll or local:ines',
      valueHint: 'WORD',
    },
    since: {
      type: 'string',
      description: 'Only since then: 1h, or a time like 2026-05-01T12:00:00Z',
      valueHint: 'TIME',
    },
    search: { type: 'string', description: 'Only with this text in it', valueHint: 'TEXT' },
    limit: { type: 'string', description: 'So many at most, up to 1000', default: '50', valueHint: 'N' },
    ...clientArgs,
  },
  examples: [
    ['longshore events -f', 'the last ones, and then live'],
    ['longshore events --service api --since 1h', "an hour of api's"],
    ['longshore events --kind hold.placed --json', 'who stopped what, a line of JSON each'],
  ],
  async run({ follow, config, json, limit, service, kind, actor, since, search }, terminal) {
    if (since !== undefined && parseTime(since, Date.now()) === undefined) {
      throw new UsageError('USAGE', `--since ${since} is no time`, {
        hint: 'Write 30m, 2h, 7d or 2026-05-01T12:00:00Z.',
      })
    }
    const api = await openApi(terminal, config)
    const query = { service, kind, actor, since, search }
    const { items, next } = await api.call(coreRoutes.events, {
      query: { ...query, limit, before: Number.MAX_SAFE_INTEGER },
    })
    const show = (event: Event) => (json ? printJson(terminal, event) : terminal.print(line(terminal, event)))
    if (next !== null && items.length === 0) terminal.note('Nothing of it in the newest part of the journal.')
    for (const event of items.toReversed()) show(event)
    if (!follow) return
    const after = items[0]?.seq ?? (await api.call(coreRoutes.overview)).seq
    for await (const event of followEvents(api, query, after, new AbortController().signal)) show(event)
  },
})

function line({ paint }: Terminal, { seq, time, kind, service, actor, why, commit, data }: Event): string {
  const facts = [
    service,
    commit?.slice(0, 7),
    detail(data as Record<string, unknown>),
    why && `"${why}"`,
    actor.kind === 'system' ? undefined : `by ${actorWord(actor)}`,
  ]
  return `${paint('dim', `${seq} ${time}`)} ${kind} ${plain(facts.filter(Boolean).join(' '))}`
}

/** The one fact of an event's data that people look for first. */
function detail(data: Record<string, unknown>): string | undefined {
  const fact =
    data['reason'] ?? data['outcome'] ?? data['phase'] ?? data['because'] ?? data['changes'] ?? data['errors']
  if (Array.isArray(fact)) return fact.map(String).join(', ')
  return typeof fact === 'string' ? fact : undefined
}
