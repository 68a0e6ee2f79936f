import { RefusedError } from '@longshore/core'

export function approverUnfit(kind: string): RefusedError {
  return new RefusedError(
    'APPROVER_UNFIT',
    `only a person approves commits, and this was asked by the ${kind}`,
    {
      hint: 'Approve it yourself: longshore approve SERVICE COMMIT',
    },
  )
}

export function approvalNeedless(service: string): RefusedError {
  return new RefusedError('APPROVAL_NEEDLESS', `${service} asks for no approval: its policy.deploy is auto`, {
    hint: `Name the commit to deploy it: longshore deploy ${service} COMMIT`,
  })
}

export function approvedBefore(service: string, sha: string): RefusedError {
  const message = `${sha.slice(0, 7)} does not wait: it is the newest commit that was let in`
  return new RefusedError('APPROVED_BEFORE', message, {
    hint: `See what became of it with longshore show ${service}; longshore deploy ${service} brings it once more.`,
  })
}
