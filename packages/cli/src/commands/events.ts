import { coreRoutes, parseTime, type Event } from '@longshore/core/protocol'
import type { Client, StreamQuery } from '@longshore/client'
import { clientArgs, command, openApi } from '../command.js'
import { UsageError } from '../errors.js'
import { eventLine } from '../event-line.js'
import { printJson } from '../terminal.js'

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
      throw new UsageError('COMMAND_USAGE', `--since ${since} is no time`, {
        hint: 'Write 30m, 2h, 7d or 2026-05-01T12:00:00Z.',
      })
    }
    if (!/^\d{1,4}$/.test(limit))
      throw new UsageError('COMMAND_USAGE', `--limit ${limit} is no number up to 1000`)
    const api = await openApi(terminal, config)
    const query = { service, kind, actor, since, search }
    const items = await newest(api, query, Number(limit))
    const show = (event: Event) =>
      json ? printJson(terminal, event) : terminal.print(eventLine(terminal, event))
    for (const event of items.toReversed()) show(event)
    if (!follow) return
    const after = items[0]?.seq ?? (await api.call(coreRoutes.overview)).seq
    for await (const event of api.events(query, after, new AbortController().signal)) show(event)
  },
})

/** The newest events that fit, newest first. A page may be short although there is more. */
async function newest(api: Client, query: StreamQuery, limit: number): Promise<Event[]> {
  const items: Event[] = []
  for (let cursor: string | undefined; items.length < limit;) {
    const page = await api.call(coreRoutes.events, {
      query: { ...query, limit: limit - items.length, cursor },
    })
    items.push(...page.items)
    if (page.next === null) break
    cursor = page.next
  }
  return items
}
