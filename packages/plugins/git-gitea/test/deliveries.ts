import { createHmac } from 'node:crypto'

export const secret = 'it is signed with this'

/** As the vendor would send it, signed by the secret. */
export const sign = (body: string | Uint8Array, headers: Record<string, string> = {}) => ({
  body: Buffer.from(body),
  headers: {
    'content-type': 'application/json',
    'x-gitea-event': 'push',
    'x-gitea-signature': `${createHmac('sha256', secret).update(body).digest('hex')}`,
    ...headers,
  },
})

/** What is read of a push, among some of what comes with it. */
export function pushed(repository: string, ref: string, more: object = {}) {
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

export const push = (repository: string, branch: string) =>
  sign(JSON.stringify(pushed(repository, `refs/heads/${branch}`)))

const repository = 'https://git.example/team/app.git'
const gone = pushed(repository, 'refs/heads/old', { after: '0'.repeat(40), commits: [] })

/** By what it is about. */
export const others = {
  'a pull request': sign(JSON.stringify({ action: 'opened', number: 1 }), {
    'x-gitea-event': 'pull_request',
  }),
  'a fork': sign(JSON.stringify({ forkee: { full_name: 'evil/app' } }), { 'x-gitea-event': 'fork' }),
  'a branch that was removed': sign(JSON.stringify({ ref: 'old', ref_type: 'branch' }), {
    'x-gitea-event': 'delete',
  }),
  'a release': sign(JSON.stringify({ action: 'published' }), { 'x-gitea-event': 'release' }),
  'a branch that is gone': sign(JSON.stringify(gone)),
}
