import {
  InputError,
  type LongshoreError,
  MissingError,
  RefusedError,
  UnavailableError,
} from '@longshore/core'

/** What git or a server said, and the error it stands for; the first that fits. */
const faults: [RegExp, (said: string) => LongshoreError][] = [
  [/No space left on device/i, noSpace],
  [
    /Authentication failed|could not read (Username|Password)|Permission denied \(|error: 40[13]\b/,
    authFault,
  ],
  [/unable to update url base from redirection|error: 30\d\b/, () => redirectFault(undefined)],
  [
    /not our ref|unadvertised object|does not allow request|remote ref|not a tree object|bad object/,
    commitMissing,
  ],
  [/repository .*not found|does not appear to be a git repository|error: 404\b/i, notFound],
  [/SSL|certificate|TLS/, tlsFault],
  [
    /unable to access|Could not (resolve|read)|Connection (refused|reset|closed|timed out)|early EOF|hung up|too slow|unexpected disconnect/i,
    unreachable,
  ],
]

/** The error for what git printed when it failed. */
export function gitFault(stderr: string): LongshoreError {
  const said = sentence(stderr)
  if (/Host key verification failed|HOST IDENTIFICATION HAS CHANGED|host key is known/.test(stderr)) {
    return hostKeyFault(said, /^debug1: Server host key: \S+ (SHA256:\S+)/m.exec(stderr)?.[1])
  }
  // What ssh -v tells of itself is no fault.
  const plain = stderr.replace(/^debug\d: .*$/gm, '')
  for (const [pattern, make] of faults) if (pattern.test(plain)) return make(said)
  return new UnavailableError('GIT_FAILED', `git failed: ${said}`, {
    hint: 'Run longshore doctor; when it persists, look at what the git server logs.',
  })
}

/** The line that tells most: git's own verdict, or the last thing said. Bounded, and without control characters. */
function sentence(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() && !/^debug\d:/.test(line))
  const line =
    lines.find((each) => /^(fatal|error|remote: .*error)/i.test(each)) ?? lines.at(-1) ?? 'it said nothing'
  return line.replace(/\p{Cc}/gu, ' ').slice(0, 500)
}

export function unreachable(said: string): LongshoreError {
  return new UnavailableError('GIT_UNREACHABLE', `the git server does not answer: ${said}`, {
    hint: 'Check the address, the network and the server; it is tried again by itself.',
  })
}

export function authFault(said: string): LongshoreError {
  return new UnavailableError('GIT_AUTH', `the git server does not let us in: ${said}`, {
    hint: 'Check source.credential, that its secret is current, and that it may read this repository.',
  })
}

export function notFound(said: string): LongshoreError {
  return new UnavailableError('GIT_NOT_FOUND', `the git server has no such repository: ${said}`, {
    hint: 'Check source.url; servers also say so of a private repository when the credential is missing or too weak.',
  })
}

/** `to`: where the server sends us; only its origin and path are told. */
export function redirectFault(to: string | undefined): LongshoreError {
  const target = to !== undefined && URL.canParse(to) ? new URL(to) : undefined
  const place = target ? ` to ${target.origin}${target.pathname}` : ''
  return new UnavailableError(
    'GIT_REDIRECTED',
    `the git server sends us elsewhere${place}, and a redirect is not followed`,
    {
      hint: 'Write the new address into source.url, if you trust it.',
    },
  )
}

export function tlsFault(said: string): LongshoreError {
  return new UnavailableError('GIT_TLS', `the git server's certificate is not trusted: ${said}`, {
    hint: 'Add its authority to the system, and name it in NODE_EXTRA_CA_CERTS.',
  })
}

/** The server answered, but not as a git server does, or more than is sensible. */
export function answerFault(what: string): LongshoreError {
  return new UnavailableError('GIT_ANSWER', `the git server's answer makes no sense: ${what}`, {
    hint: 'Check that source.url is a repository and that no proxy answers in its place.',
  })
}

export function commitMissing(said: string): LongshoreError {
  return new MissingError('GIT_COMMIT_MISSING', `the repository has no such commit: ${said}`, {
    hint: 'Push it, or name another; a rewritten branch may have dropped it.',
  })
}

/** What lies under the id of a commit is another object. */
export function objectDamaged(sha: string): LongshoreError {
  return new UnavailableError(
    'GIT_OBJECT_DAMAGED',
    `what is kept here as the commit ${sha} is something else`,
    {
      hint: 'Check the disk. With Longshore stopped, git/ in the data folder may be removed: it is fetched anew.',
    },
  )
}

export function refMissing(ref: string): LongshoreError {
  return new MissingError('GIT_REF_MISSING', `the repository has no branch or tag ${ref}`, {
    hint: 'Push it, or name another in source.ref.',
  })
}

/** `hostKey`: the fingerprint of the key that came. */
function hostKeyFault(said: string, hostKey: string | undefined): LongshoreError {
  return new RefusedError('GIT_HOST_KEY', `the SSH server could not prove who it is: ${said}`, {
    hint: 'Ask its administrator for its fingerprint; when it is right, write the key into the known hosts file.',
    data: { hostKey },
  })
}

/** The host key that came is not the one that is known; both as `SHA256:…`. */
export function hostKeyMismatch(host: string, came: string, known: string[]): LongshoreError {
  const wanted = known.length > 0 ? `known: ${known.join(', ')}` : 'none is known'
  return new RefusedError('GIT_HOST_KEY', `the SSH server ${host} showed the key ${came}, ${wanted}`, {
    hint: 'Ask its administrator for its fingerprint; when it is right, write the key into the known hosts file.',
    data: { came, known },
  })
}

function noSpace(said: string): LongshoreError {
  return new UnavailableError('GIT_NO_SPACE', `there is no room for the repository: ${said}`, {
    hint: 'Free some disk space on the data folder; it is tried again.',
  })
}

/** The tree holds something that could reach out of its directory, or mean another file than it says. */
export function unsafeTree(path: string, why: string): LongshoreError {
  const shown = JSON.stringify(path.slice(0, 200))
  return new RefusedError('GIT_TREE_UNSAFE', `the commit holds ${shown}: ${why}`, {
    hint: 'Remove it from the repository.',
  })
}

export function overLimit(what: string, limit: string): LongshoreError {
  return new RefusedError('GIT_LIMIT', `${what}; the limit is ${limit}`, {
    hint: 'Make the repository smaller, or raise git.limits in the config.',
  })
}

export function notEmpty(directory: string): LongshoreError {
  return new InputError('GIT_DIRECTORY_NOT_EMPTY', `${directory} is not empty`, {
    hint: 'Name an empty directory.',
  })
}

/** A full disk by its code; anything else as it is. */
export function diskFault(error: unknown): unknown {
  return (error as { code?: string }).code === 'ENOSPC' ? noSpace('the disk is full') : error
}
