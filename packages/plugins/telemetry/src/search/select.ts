import { inOrder, lineEnds, pick, newline, streams, type Origin, type Records } from '../archive/records.js'

/** What lines are asked for: all that is given must hold. */
export interface LineFilter {
  /** Its id, the beginning of that, or its name. */
  instance?: string
  deployment?: string
  /** Its instances, for lines that were written before anybody knew of which deployment they are. */
  instances?: readonly string[]
  stream?: 'stdout' | 'stderr' | 'note'
  /** Milliseconds since the epoch, both inclusive. */
  since?: number
  until?: number
  /** Text that stands in the line as it is. */
  search?: string
  /** A regular expression that finds something in the line. */
  match?: string
}

/** Whether the lines of an instance are wanted at all. */
export function isFrom(origin: Origin, { instance, deployment, instances = [] }: LineFilter): boolean {
  if (instance !== undefined && !isCalled(origin, instance)) return false
  if (deployment === undefined) return true
  return origin.deployment === undefined
    ? instances.includes(origin.instance)
    : origin.deployment === deployment
}

/** Characters of an id that are enough to tell it from others: so many are shown. */
const telling = 12

function isCalled({ instance, name }: Origin, wanted: string): boolean {
  return name === wanted || instance === wanted || (wanted.length >= telling && instance.startsWith(wanted))
}

export type LineTest = (line: Uint8Array) => boolean

/** The lines that fit, in time order; undefined when there is none. `test` is what `match` asks for. */
export function select(records: Records, filter: LineFilter, test?: LineTest): Records | undefined {
  const { search } = filter
  const begin = search === undefined || search === '' ? undefined : found(records, Buffer.from(search))
  if (begin?.length === 0) return undefined
  const fits = columnsFit(records, filter)
  let indexes = begin ?? Array.from(records.times.keys())
  if (fits) indexes = indexes.filter(fits)
  if (test && indexes.length > 0) {
    const ends = lineEnds(records)
    const { text } = records
    indexes = indexes.filter((index) =>
      test(text.subarray(index === 0 ? 0 : ends[index - 1]! + 1, ends[index])),
    )
  }
  return indexes.length === 0 ? undefined : inOrder(pick(records, indexes))
}

/** The lines in which the bytes stand. They are looked for in the whole text: most blocks hold them nowhere. */
function found({ text: bytes }: Records, wanted: Buffer): number[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const indexes: number[] = []
  let index = 0
  let begin = 0
  for (let at = text.indexOf(wanted); at >= 0;) {
    let end = text.indexOf(newline, begin)
    while (end < at) {
      begin = end + 1
      index++
      end = text.indexOf(newline, begin)
    }
    indexes.push(index)
    at = text.indexOf(wanted, end + 1)
  }
  return indexes
}

function columnsFit(
  { origins, owners, times, flags }: Records,
  filter: LineFilter,
): ((index: number) => boolean) | undefined {
  const { stream, since = -Infinity, until = Infinity } = filter
  const whose = origins.map((origin) => isFrom(origin, filter))
  const all = !whose.includes(false) && stream === undefined && since === -Infinity && until === Infinity
  if (all) return undefined
  const wanted = stream === undefined ? undefined : streams.indexOf(stream)
  return (index) =>
    whose[owners[index]!]! &&
    times[index]! >= since &&
    times[index]! <= until &&
    (wanted === undefined || (flags[index]! & 3) === wanted)
}
