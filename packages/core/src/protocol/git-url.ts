/** What a git address is judged by. */
export interface GitUrlRules {
  /** Plain http beyond loopback was asked for by name. */
  insecure?: boolean | undefined
  /** The kind of the credential that goes with it, if one does. */
  credential?: 'https' | 'ssh' | undefined
  /** A folder of this machine: for tests, no config can say so. */
  file?: boolean | undefined
}

/** A git address that passed every rule. */
export interface GitAddress {
  kind: 'https' | 'http' | 'ssh' | 'file'
  /** As git takes it. */
  url: string
  /** Lower case, without a port; empty for a file. */
  host: string
  port: number
}

const refused = (text: string) =>
  `${text}; an address is https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH`
const hostName = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/i
const userName = /^[a-z0-9_][a-z0-9._-]*$/i
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** What is wrong with a git address, in a sentence; undefined when nothing is. Pure: it looks at the text alone. */
export function checkGitUrl(text: string, rules: GitUrlRules = {}): string | undefined {
  const judged = judgeGitUrl(text, rules)
  return typeof judged === 'string' ? judged : undefined
}

/** The address in its parts, or what is wrong with it, in a sentence. Pure: it looks at the text alone. */
export function judgeGitUrl(text: string, rules: GitUrlRules = {}): GitAddress | string {
  if (text.length > 2000) return 'the address is longer than 2000 characters'
  if (!/^[\x21-\x7e]+$/.test(text))
    return 'the address holds spaces, control or non-ASCII characters: write them as %XX'
  if (text.startsWith('-'))
    return refused('the address begins with -, which a command would read as an option')
  if (/[\\"'`<>{}|^]/.test(text)) return refused('the address holds a character that has no place in one')
  if (/^[a-z0-9+.-]*::/i.test(text))
    return refused('transport helpers (NAME::…) run programs and are refused')
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === 'https' || scheme === 'http') return web(text, scheme, rules)
  if (scheme === 'ssh') return ssh(text, /^ssh:\/\/([^/]*)(\/.*)?$/i.exec(text)!, rules)
  if (scheme === 'file')
    return rules.file ? { kind: 'file', url: text, host: '', port: 0 } : refused('file: is refused')
  if (scheme) return refused(`${scheme}: is refused`)
  if (/^[^/:]+@[^/:]+:/.test(text)) return ssh(text, /^([^:]*):(.*)$/.exec(text)!, rules)
  return refused(text.startsWith('/') ? 'a path of this machine is refused' : 'this is no git address')
}

function web(text: string, kind: 'https' | 'http', rules: GitUrlRules): GitAddress | string {
  // The parser would take a host from the path where none is written.
  const url = /^[^/]*\/\/[^/]/.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (!url || !hostName.test(url.hostname)) return refused('this is no address of a web server')
  if (/^[^/]*\/\/[^/]*@/.test(text) || url.username || url.password)
    return 'the address holds a user or a password: put them into credentials and name it in source.credential'
  if (url.search || url.hash || text.includes('?') || text.includes('#'))
    return refused('the address holds ? or #')
  const path = pathFault(text.replace(/^[^/]*\/\/[^/]*/, ''))
  if (path) return path
  if (rules.credential === 'ssh')
    return 'the credential is of kind ssh and the address is not: use one of kind https'
  const near = loopback.test(url.hostname)
  if (kind === 'http' && !near) {
    if (!rules.insecure)
      return 'plain http is for loopback: use https, or say insecure: true beside the address'
    if (rules.credential) return 'a credential never goes over plain http: use https'
  }
  return { kind, url: url.href, host: url.hostname, port: Number(url.port) || (kind === 'https' ? 443 : 80) }
}

function ssh(
  text: string,
  [, authority = '', path = '']: RegExpExecArray,
  rules: GitUrlRules,
): GitAddress | string {
  const [, user, host = '', port = '22'] =
    /^(?:([^@]*)@)?(\[[^\]]*\]|[^:@]*)(?::(\d{1,5}))?$/.exec(authority) ?? []
  if (user?.includes(':'))
    return 'the address holds a password: ssh asks by key, name a credential of kind ssh'
  if (user !== undefined && !userName.test(user)) return refused('the user in the address is no plain name')
  if (!hostName.test(host)) return refused('the host in the address is no plain host name')
  if (Number(port) < 1 || Number(port) > 65535) return refused('the port is not between 1 and 65535')
  const fault = pathFault(path)
  if (fault) return fault
  if (rules.credential === 'https')
    return 'the credential is of kind https and the address is not: use one of kind ssh'
  if (!rules.credential) return 'ssh needs a credential of kind ssh: a key, and the known hosts to trust'
  return { kind: 'ssh', url: text, host: host.toLowerCase(), port: Number(port) }
}

function pathFault(path: string): string | undefined {
  const plain = path.replace(/%2e/gi, '.').replace(/%2f/gi, '/').replace(/^\/?/, '')
  if (plain === '') return refused('the address names no repository')
  if (plain.startsWith('-')) return refused('the path begins with -, which a command would read as an option')
  if (plain.split('/').includes('..')) return refused('the path holds ..')
  if (/%(?![0-9a-f]{2})/i.test(path) || /%[01][0-9a-f]|%7f|%5c/i.test(path))
    return refused('the path holds a bad %XX')
  return undefined
}

/** What is wrong with a ref (a branch, a tag or a full sha), in a sentence; undefined when nothing is. */
export function checkGitRef(ref: string): string | undefined {
  const fine =
    /^[^\p{Cc} ~^:?*[\\]{1,250}$/u.test(ref) &&
    !/^[-/]|^@$|\.\.|@\{|\/\/|\/$|\.$/.test(ref) &&
    !ref.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock'))
  return fine ? undefined : `${JSON.stringify(ref)} is no branch, tag or full commit id`
}
