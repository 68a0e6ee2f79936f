import { hexSender, hubPush } from '@longshore/core/testkit'

export const secret = 'it is signed with this'

/** As the vendor would send it, signed by the secret. */
export const sign = hexSender({
  secret,
  event: 'x-gitea-event',
  push: 'push',
  signature: 'x-gitea-signature',
})

export const push = (repository: string, branch: string) =>
  sign(JSON.stringify(hubPush(repository, `refs/heads/${branch}`)))

const repository = 'https://git.example/team/app.git'
const gone = hubPush(repository, 'refs/heads/old', { after: '0'.repeat(40), commits: [] })

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
