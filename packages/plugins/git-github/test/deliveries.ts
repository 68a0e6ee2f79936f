import { hexSender, hubPush } from '@longshore/core/testkit'

export const secret = 'it is signed with this'

/** As the vendor would send it, signed by the secret. */
export const sign = hexSender({
  secret,
  event: 'x-github-event',
  push: 'push',
  signature: 'x-hub-signature-256',
  prefix: 'sha256=',
})

export const push = (repository: string, branch: string) =>
  sign(JSON.stringify(hubPush(repository, `refs/heads/${branch}`)))

const repository = 'https://git.example/team/app.git'
const gone = hubPush(repository, 'refs/heads/old', { deleted: true, after: '0'.repeat(40), commits: [] })

/** By what it is about. */
export const others = {
  'a ping': sign(JSON.stringify({ zen: 'Keep it logically awesome.', hook_id: 1 }), {
    'x-github-event': 'ping',
  }),
  'a pull request': sign(JSON.stringify({ action: 'opened', number: 1 }), {
    'x-github-event': 'pull_request',
  }),
  'a fork': sign(JSON.stringify({ forkee: { full_name: 'evil/app' } }), { 'x-github-event': 'fork' }),
  'an issue': sign(JSON.stringify({ action: 'opened' }), { 'x-github-event': 'issues' }),
  'a branch that was made': sign(JSON.stringify({ ref: 'main', ref_type: 'branch' }), {
    'x-github-event': 'create',
  }),
  'a branch that is gone': sign(JSON.stringify(gone)),
}
