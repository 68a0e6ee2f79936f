import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Archive, readArchive, Searches } from '@longshore/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder: string
let archive: Archive
let searches: Searches

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-search-'))
  searches = new Searches()
  archive = await Archive.open({
    directory: folder,
    size: 2 ** 30,
    segmentAge: 86_400_000,
    knownOf: async (instance) => ({
      deployment: 'd'.repeat(16),
      ...(instance === 'i1' && { name: 'web-1' }),
    }),
    trouble: () => undefined,
  })
})
afterEach(async () => {
  searches.close()
  await archive.close()
  rmSync(folder, { recursive: true, force: true })
})

async function print(texts: string[]): Promise<void> {
  const more = { instance: 'i1', stream: 'stdout' as const, partial: false }
  await archive.append(texts.map((text) => ({ ...more, time: Date.now(), bytes: Buffer.from(text) })))
}

/** A million bytes and more, so that there are blocks. */
async function hay(count = 30_000): Promise<void> {
  await print(
    Array.from(
      { length: count },
      (_, index) => `request ${index} took ${index % 977} ms for nobody in particular`,
    ),
  )
}

async function found(query: Parameters<typeof readArchive>[1], by = searches): Promise<string[]> {
  const texts: string[] = []
  const stop = new AbortController()
  for await (const { records } of await readArchive(archive, query, by, stop.signal))
    if (records) texts.push(...Buffer.from(records.text).toString().trimEnd().split('\n'))
  return texts
}

describe('a search', () => {
  it('finds text and expressions wherever they stand, and nothing else', async () => {
    const needles = ['a needle before', 'two (needles) in one needle', 'the last needle']
    await print([needles[0]!])
    await hay()
    await print([needles[1]!])
    await hay()
    await print([needles[2]!])
    expect(await found({ search: 'needle' })).toEqual(needles)
    expect(await found({ search: '(needles)' })).toEqual([needles[1]])
    expect(await found({ search: 'Needle' })).toEqual([])
    expect(await found({ match: '(?i)NEEDLE$' })).toEqual([needles[1], needles[2]])
    expect(await found({ search: 'request 29999 ' })).toHaveLength(2)
    // Short ones are in no filter.
    expect((await found({ search: ')' })).length).toBe(1)
    expect(await found({ search: 'not there at all' })).toEqual([])
  })

  it('goes by the name of an instance, by its id, or by the beginning that people see of it', async () => {
    await print(['of web-1'])
    const id = 'e622085e41ce79f1d4c534beab9ddd16'
    const line = { instance: id, time: Date.now(), stream: 'stdout' as const, partial: false }
    await archive.append([{ ...line, bytes: Buffer.from('of nobody') }])
    for (const instance of ['web-1', 'i1']) expect(await found({ instance })).toEqual(['of web-1'])
    for (const instance of [id, id.slice(0, 12)]) expect(await found({ instance })).toEqual(['of nobody'])
    expect(await found({ instance: id.slice(0, 11) })).toEqual([])
  })

  it('for what would run for ever elsewhere ends like any other', async () => {
    await print(['a'.repeat(16_000) + '!', 'aaaa'])
    expect(await found({ match: '^(a+)+$' })).toEqual(['aaaa'])
    expect(await found({ match: '^(a|aa)+$' })).toEqual(['aaaa'])
    await expect(found({ match: '((a{1,100}){1,100}){1,100}' })).rejects.toMatchObject({
      code: 'LOGS_MATCH_INVALID',
    })
  })

  it('that takes too long is ended with its thread, and the next one is answered', async () => {
    await hay()
    const hasty = new Searches({ pieceTime: 1, wholeTime: 60_000 })
    await expect(found({ match: '(x+x+)+y|([a-z]+ )+[0-9]+$' }, hasty)).rejects.toMatchObject({
      code: 'LOGS_SEARCH_SLOW',
    })
    hasty.close()
    expect(await found({ search: 'request 7 ' })).toHaveLength(1)
  })
})
