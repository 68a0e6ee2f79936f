import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { push, start } from './start.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!)

/** What each example prints, in the order that they stand in. */
const prints = [
  /^hello is \w+$/m,
  /^it is version \S+$/m,
  /^it stops, after event \d+\n404 SERVICE_UNKNOWN$/m,
  /^\d+ service\.declared$/m,
  /^at \d+: hello@test$/m,
  /^hello\nworld$/m,
]

/** An example is a module: what it imports is given to it, so that it can be run from here. */
function asFunction(code: string): (names: object) => Promise<void> {
  const body = code.replace(/^import \{(.*)\} from '(.*)'$/gm, "const {$1} = await load('$2')")
  return new Function('given', `with (given) { return (async () => { ${body} })() }`) as never
}

const doors: Record<string, () => Promise<unknown>> = {
  '@longshore/client': () => import('../src/index.js'),
  '@longshore/client/node': () => import('../src/node/index.js'),
  '@longshore/core/protocol': () => import('@longshore/core/protocol'),
}

it('has as many examples as are tried', () => {
  expect(examples).toHaveLength(prints.length)
})

it.each(prints.map((print, index) => [index + 1, print] as const))(
  'example %i does what it says',
  async (number, print) => {
    const running = await start()
    await push(running)
    const lines: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((...words) => void lines.push(words.join(' ')))
    const { url, token, socket } = running
    try {
      await asFunction(examples[number - 1]!)({ url, token, socket, load: (door: string) => doors[door]!() })
    } finally {
      log.mockRestore()
    }
    expect(lines.join('\n')).toMatch(print)
  },
)
