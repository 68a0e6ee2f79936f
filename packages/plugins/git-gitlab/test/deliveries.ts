import { createHmac } from 'node:crypto'
import type { HookRequest } from '@longshore/core'

export const token = 'it is sent as it is'
const key = Buffer.from('it is signed with these bytes')
export const signing = `whsec_${key.toString('base64')}`
export const now = Date.parse('2026-01-01T12:00:00.400Z')

/** What GitLab would send: with the token, with a signature, or with both. */
export class Sender {
  readonly #proofs: ('token' | 'signing')[]

  constructor(...proofs: ('token' | 'signing')[]) {
    this.#proofs = proofs
  }

  sign = (body: string | Uint8Array, event = 'Push Hook'): HookRequest => {
    const [id, time] = ['msg_2fb1', String(Math.floor(now / 1000))]
    const mac = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest('base64')
    const signed = { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${mac}` }
    return {
      body: Buffer.from(body),
      headers: {
        'content-type': 'application/json',
        'x-gitlab-event': event,
        ...(this.#proofs.includes('token') && { 'x-gitlab-token': token }),
        ...(this.#proofs.includes('signing') && signed),
      },
    }
  }

  push = (repository: string, branch: string): HookRequest =>
    this.sign(JSON.stringify(pushed(repository, `refs/heads/${branch}`)))

  /** By what it is about. */
  get others(): Record<string, HookRequest> {
    const gone = pushed('https://git.example/team/app.git', 'refs/heads/old', { after: '0'.repeat(40) })
    return {
      'a merge request': this.sign('{"object_kind":"merge_request"}', 'Merge Request Hook'),
      'an issue': this.sign('{"object_kind":"issue"}', 'Issue Hook'),
      'a pipeline': this.sign('{"object_kind":"pipeline"}', 'Pipeline Hook'),
      'a branch that is gone': this.sign(JSON.stringify(gone)),
    }
  }
}

/** What is read of a push, among some of what comes with it. */
export function pushed(repository: string, ref: string, more: object = {}) {
  const web_url = repository.replace(/\.git$/, '')
  const git_ssh_url = repository.replace(/^https:\/\/([^/]+)\//, 'git@$1:')
  return {
    object_kind: 'push',
    ref,
    after: '2'.repeat(40),
    commits: [{ id: '2'.repeat(40), message: 'Change' }],
    project: { id: 1, path_with_namespace: 'team/app', git_http_url: repository, git_ssh_url, web_url },
    ...more,
  }
}
