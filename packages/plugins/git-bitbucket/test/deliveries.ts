import { hexSender } from '@longshore/core/testkit'

export const secret = 'it is signed with this'

/** As the vendor would send it, signed by the secret. */
export const sign = hexSender({
  secret,
  event: 'x-event-key',
  push: 'repo:push',
  signature: 'x-hub-signature',
  prefix: 'sha256=',
})

/** What is read of a push, among some of what comes with it. */
export function pushed(repository: string, changes: object[]) {
  return {
    actor: { display_name: 'Ines' },
    push: { changes },
    repository: { full_name: 'team/app', links: { html: { href: repository.replace(/\.git$/, '') } } },
  }
}

export const push = (repository: string, name: string) =>
  sign(
    JSON.stringify(
      pushed(repository, [{ new: { type: 'branch', name, target: {} }, old: null, forced: false }]),
    ),
  )

const repository = 'https://git.example/team/app.git'

/** By what it is about. */
export const others = {
  'a pull request': sign(JSON.stringify({ pullrequest: { id: 1 } }), {
    'x-event-key': 'pullrequest:created',
  }),
  'a fork': sign(JSON.stringify({ fork: { full_name: 'evil/app' } }), { 'x-event-key': 'repo:fork' }),
  'a trial': sign(JSON.stringify({ test: true }), { 'x-event-key': 'diagnostics:ping' }),
  'a branch that is gone': sign(JSON.stringify(pushed(repository, [{ new: null, old: { type: 'branch' } }]))),
}
