import { createHmac } from 'node:crypto'

/** How a forge is told apart: the headers of the event and of the signature, and what stands before the latter. */
export interface HexSender {
  secret: string
  event: string
  push: string
  signature: string
  prefix?: string
}

/** Signs bodies as forges do that send the hex of an HMAC-SHA256; `headers` go on top. */
export function hexSender({ secret, event, push, signature, prefix = '' }: HexSender) {
  return (body: string | Uint8Array, headers: Record<string, string> = {}) => {
    const mac = createHmac('sha256', secret).update(body).digest('hex')
    const own = { 'content-type': 'application/json', [event]: push, [signature]: `${prefix}${mac}` }
    return { body: Buffer.from(body), headers: { ...own, ...headers } as Record<string, string> }
  }
}

/** A push as GitHub, and those that are like it, tell of it: what is read of it, among some of what comes with it. */
export function hubPush(repository: string, ref: string, more: object = {}) {
  const html_url = repository.replace(/\.git$/, '')
  const ssh_url = repository.replace(/^https:\/\/([^/]+)\//, 'git@$1:')
  return {
    ref,
    before: '1'.repeat(40),
    after: '2'.repeat(40),
    commits: [{ id: '2'.repeat(40), message: 'Change', added: ['a'] }],
    repository: { id: 1, full_name: 'team/app', private: true, clone_url: repository, ssh_url, html_url },
    sender: { login: 'ines' },
    ...more,
  }
}
