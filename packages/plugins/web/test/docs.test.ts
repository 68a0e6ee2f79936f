import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { coreRoutes, coreTopics, type RouteShape, type TopicShape } from '@longshore/core/protocol'

const page = new URL('../../../../docs/api.md', import.meta.url)

it('docs/api.md lists every route of the core, as it is', async () => {
  const text = await readFile(page, 'utf8')
  const listed = text.split('\n').filter((line) => /^\| (GET|POST|PUT|DELETE) /.test(line))
  const rows = Object.values<RouteShape>(coreRoutes).map(row)
  // Those of plugins that come with the product stand below.
  expect(listed.slice(0, rows.length)).toEqual(rows)
})

it('docs/api.md lists every topic of the core, as it is', async () => {
  const text = await readFile(page, 'utf8')
  const topics = Object.values<TopicShape>(coreTopics)
  const listed = text
    .split('\n')
    .filter((line) => topics.some(({ name }) => line.startsWith(`| \`${name}\` |`)))
  const rows = topics.map(({ name, query, right, summary }) => {
    const asked = names(query, true).map((each) => `\`${each}\``)
    return `| \`${name}\` | ${asked.join(' ')} | \`${right}\` | ${summary} |`
  })
  expect(listed).toEqual(rows)
})

/** One line of the page's table. */
function row({ method, path, root, query, body, right, summary }: RouteShape): string {
  const asked = names(query).map((name) => `\`${name}\``)
  const sent = names(body, true)
  const takes = [...asked, ...(sent.length > 0 ? [`body \`{ ${sent.join(', ')} }\``] : [])].join(' ')
  return `| ${method} | \`${root ? '' : '/api/v1'}${path}\` | ${takes} | \`${right}\` | ${summary} |`
}

function names(schema: z.ZodType | undefined, marked = false): string[] {
  if (!(schema instanceof z.ZodObject)) return []
  const entries = Object.entries(schema.shape as Record<string, z.ZodType>)
  return entries.map(([name, part]) => (marked && part.safeParse(undefined).success ? `${name}?` : name))
}
