/** What is sent beside method and path. */
export interface Sent {
  body?: unknown
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  /** Media type without parameters; empty when there is no body. */
  type: string
  headers: Headers
  text: string
  json: any
}

/** Asks over TCP. Of an answer that does not end by itself, the first piece is taken. */
export async function ask(url: string, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  const { body } = sent
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...sent.headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    redirect: 'manual',
    signal: AbortSignal.timeout(60_000),
  })
  const type = (response.headers.get('content-type') ?? '').split(';')[0]!
  const text = type === 'text/event-stream' ? await begin(response) : await response.text()
  const json = type.endsWith('json') && text !== '' ? JSON.parse(text) : undefined
  return { status: response.status, type, headers: response.headers, text, json }
}

async function begin(response: Response): Promise<string> {
  const reader = response.body!.getReader()
  const { value } = await reader.read()
  await reader.cancel()
  return new TextDecoder().decode(value)
}

/** The cookie that an answer sets, as a browser sends it back. */
export function cookieOf({ headers }: Answer): string {
  const [cookie] = headers.getSetCookie()
  if (cookie === undefined) throw new Error('the answer sets no cookie')
  return cookie.split(';')[0]!
}
