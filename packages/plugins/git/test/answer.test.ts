import { describe, expect, it } from 'vitest'
import { AnswerReader } from '../src/remote/answer.js'

const ok = 'HTTP/1.1 200 OK\r\n'
const chunkedHead = `${ok}Transfer-Encoding: chunked\r\n\r\n`

/** Reads a text in pieces of so many bytes, all through one buffer that is overwritten each time. */
function read(text: string, size = Infinity, enough = Infinity) {
  const bytes = Buffer.from(text, 'latin1')
  const buffer = Buffer.alloc(Math.min(size, bytes.length))
  let body = ''
  const heads: { status: number; fields: Map<string, string> }[] = []
  const reader = new AnswerReader({
    head: (head) => heads.push(head),
    body: (chunk) => (body += chunk.toString('latin1')).length < enough,
  })
  let whole = false
  for (let at = 0; at < bytes.length && !whole; at += buffer.length) {
    whole = reader.push(buffer.subarray(0, bytes.copy(buffer, 0, at, at + buffer.length)))
  }
  const { reusable, endsByClose, keepAlive } = reader
  return { body, whole, heads, reusable, endsByClose, keepAlive }
}

describe('an answer', () => {
  const chunks = `4\r\nWiki\r\n0A;name="va\tlue"\r\n0123456\0\r\n\r\n0\r\n`
  const answers: [string, string, string][] = [
    ['of a length', `${ok}Content-Length: 5\r\nX: a:b\r\n\r\nhello`, 'hello'],
    ['of no bytes', `${ok}content-length:0\r\n\r\n`, ''],
    ['in chunks', `${chunkedHead}${chunks}\r\n`, 'Wiki0123456\0\r\n'],
    ['in chunks with a trailer', `${chunkedHead}${chunks}Expires: never\r\n\r\n`, 'Wiki0123456\0\r\n'],
    [
      'after interim ones',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\nContent-Length: 9\r\n\r\n${ok}Content-Length: 2\r\n\r\nhi`,
      'hi',
    ],
  ]
  it.each(answers)('%s is read whatever the pieces it comes in', (_, text, body) => {
    const sizes = [...Array.from({ length: 20 }, (_each, index) => index + 1), text.length - 1, text.length]
    for (const size of sizes) {
      const seen = read(text, size)
      expect(seen, `pieces of ${size}`).toMatchObject({ body, whole: true, reusable: true })
      expect(seen.heads.map(({ status }) => status)).toEqual([200])
    }
  })

  it('without a length ends where the connection does, and only then', () => {
    expect(read(`${ok}\r\nhello`)).toMatchObject({
      body: 'hello',
      whole: false,
      endsByClose: true,
      reusable: false,
    })
    expect(read(`${ok}Content-Length: 9\r\n\r\nhello`)).toMatchObject({ whole: false, endsByClose: false })
    expect(read(`${chunkedHead}5\r\nhello\r\n`)).toMatchObject({ whole: false, endsByClose: false })
    expect(read(`${chunkedHead}5\r\nhello\r\n0\r\n`)).toMatchObject({ whole: false, endsByClose: false })
    expect(read(ok)).toMatchObject({ whole: false, endsByClose: false })
  })

  it('of which enough was taken is over, and its connection with it', () => {
    expect(read(`${ok}Content-Length: 9\r\n\r\nhello`, 7, 2)).toMatchObject({ whole: true, reusable: false })
  })

  it('tells its fields, the first of each name, without blanks around them', () => {
    const { heads, keepAlive } = read(
      `${ok}A: \t one two\t \r\na: three\r\nKeep-Alive: timeout=5, max=9\r\n\r\n`,
    )
    expect([...heads[0]!.fields]).toEqual([
      ['a', 'one two'],
      ['keep-alive', 'timeout=5, max=9'],
    ])
    expect(keepAlive).toBe(5)
  })

  const lasting: [string, string, boolean][] = [
    ['as HTTP/1.1 has it', `${ok}Content-Length: 2\r\n\r\nhi`, true],
    ['not when the server says close', `${ok}Connection: close\r\nContent-Length: 2\r\n\r\nhi`, false],
    [
      'not when one of many words is close',
      `${ok}Connection: x, Close\r\nContent-Length: 2\r\n\r\nhi`,
      false,
    ],
    [
      'not when the second field says close',
      `${ok}Connection: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi`,
      false,
    ],
    ['not with HTTP/1.0', `HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi`, false],
    ['not when something comes after it', `${ok}Content-Length: 2\r\n\r\nhi${ok}`, false],
    ['not when something comes after its chunks', `${chunkedHead}2\r\nhi\r\n0\r\n\r\n!`, false],
  ]
  it.each(lasting)('leaves its connection usable: %s', (_, text, reusable) => {
    expect(read(text)).toMatchObject({ body: 'hi', whole: true, reusable })
  })
})

describe('what could be read in two ways, or without end, is refused:', () => {
  const length = 'Content-Length: 2\r\n'
  const heads: [string, string][] = [
    ['two lengths', `${ok}${length}Content-Length: 3\r\n\r\n`],
    ['one length twice', `${ok}${length}${length}\r\n`],
    ['a list of lengths', `${ok}Content-Length: 2, 2\r\n\r\n`],
    ['a length and chunks', `${ok}${length}Transfer-Encoding: chunked\r\n\r\n`],
    ['another coding', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ['chunks twice', `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ...['+2', '-2', '0x2', '2.0', '1e3', '', '\xa02', '9'.repeat(16)].map((value): [string, string] => [
      `the length ${JSON.stringify(value)}`,
      `${ok}Content-Length: ${value}\r\n\r\n`,
    ]),
    ['a field over two lines', `${ok}A: b\r\n c: d\r\n\r\n`],
    ['a blank before the colon', `${ok}Content-Length : 2\r\n\r\n`],
    ['a field without a name', `${ok}: 2\r\n\r\n`],
    ['a line that is no field', `${ok}hello\r\n\r\n`],
    ['a lone line feed', `${ok}A: b\nContent-Length: 2\r\n\r\n`],
    ['a lone carriage return', `${ok}A: b\rContent-Length: 2\r\n\r\n`],
    ['a zero byte', `${ok}A: b\0\r\n\r\n`],
    ['another protocol', 'HTTP/2 200\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['blank lines before it', `\r\n\r\n${ok}\r\n`],
    ['no head', '<html>\r\n\r\n'],
  ]
  const chunks = ['zz', '', ' 2', '-2', '0x2', '2 2', '123456789', '2\n'].map((size): [string, string] => [
    `the chunk size ${JSON.stringify(size)}`,
    `${chunkedHead}${size}\r\nhi\r\n0\r\n\r\n`,
  ])
  const endless: [string, string][] = [
    ['a chunk that is longer than it says', `${chunkedHead}2\r\nhim\r\n0\r\n\r\n`],
    ['a chunk that is shorter than it says', `${chunkedHead}4\r\nhi\r\n0\r\n\r\n`],
    ['a trailer that is none', `${chunkedHead}0\r\nhello\r\n\r\n`],
    ['a head without end', `${ok}${'A: b\r\n'.repeat(5_000)}`],
    ['a line without end', `${ok}A: ${'b'.repeat(20_000)}`],
    ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000)],
    ['trailers without end', `${chunkedHead}0\r\n${'A: b\r\n'.repeat(5_000)}`],
    ['a chunk extension without end', `${chunkedHead}2;${'x'.repeat(1_000)}`],
  ]
  it.each([...heads, ...chunks, ...endless])('%s', (_, text) => {
    for (const size of [1, 7, text.length])
      expect(() => read(text, size), `pieces of ${size}`).toThrow(
        expect.objectContaining({ code: 'GIT_ANSWER' }),
      )
  })
})
