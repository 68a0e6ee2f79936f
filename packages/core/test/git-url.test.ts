import { describe, expect, it } from 'vitest'
import { checkGitRef, checkGitUrl, judgeGitUrl, type GitUrlRules } from '../src/protocol/index.js'

const ssh: GitUrlRules = { credential: 'ssh' }

describe('a git address', () => {
  const fine: [string, GitUrlRules?][] = [
    ['https://git.example/team/app.git'],
    ['https://git.example:8443/team/app'],
    ['https://git.example/team/app.git', { credential: 'https' }],
    ['http://127.0.0.1:3000/app.git'],
    ['http://localhost/app.git', { credential: 'https' }],
    ['http://[::1]:3000/app.git'],
    ['http://git.example/app.git', { insecure: true }],
    ['ssh://git@git.example/team/app.git', ssh],
    ['ssh://git@git.example:2222/team/app.git', ssh],
    ['git@git.example:team/app.git', ssh],
    ['git@git.example:/srv/app.git', ssh],
    ['file:///srv/app.git', { file: true }],
  ]
  it.each(fine)('%s is taken %o', (url, rules) => {
    expect(checkGitUrl(url, rules)).toBeUndefined()
  })

  const bad: [string, RegExp, GitUrlRules?][] = [
    ['', /characters/],
    ['--upload-pack=touch x', /characters/],
    ['--upload-pack=touch', /begins with -/],
    ['-oProxyCommand=calc', /begins with -/],
    ['ext::sh -c touch% x', /characters/],
    ['ext::sh', /transport helpers/],
    ['fd::17', /transport helpers/],
    ['file:///etc', /file: is refused/],
    ['/etc/passwd', /path of this machine/],
    ['./app', /no git address/],
    ['app', /no git address/],
    ['ssh://-oProxyCommand=calc/app', /no plain host/, ssh],
    ['ssh://git@-oX/app', /no plain host/, ssh],
    ['ssh://-x@git.example/app', /no plain name/, ssh],
    ['-x@git.example:app', /begins with -/, ssh],
    ['git@-oX:app', /no plain host/, ssh],
    ['git@git.example:-x', /path begins with -/, ssh],
    ['git@git.example:', /names no repository/, ssh],
    ['ssh://git.example', /names no repository/, ssh],
    ['ssh://git:pass@git.example/app', /holds a password/, ssh],
    ['ssh://git@git.example:99999/app', /port/, ssh],
    ['ssh://git@git.example/../app', /holds \.\./, ssh],
    ['https://git.example/app\nx', /characters/],
    ['https://git.example/app\r', /characters/],
    ['https://git.example/app\0', /characters/],
    ['https://git.example/a pp', /characters/],
    ['https://gıt.example/app', /characters/],
    ['https://git.example/%2e%2e/app', /holds \.\./],
    ['https://git.example/a%0ab', /bad %XX/],
    ['https://git.example/app?x=1', /holds \? or #/],
    ['https://git.example/app#x', /holds \? or #/],
    ['https://git.example/', /names no repository/],
    ['https://bot:pass@git.example/app', /put them into credentials/],
    ['https://@git.example/app', /put them into credentials/],
    ['https:///app', /no address|no plain|names no/],
    ['http://git.example/app', /plain http is for loopback/],
    ['http://127.0.0.1.git.example/app', /plain http is for loopback/],
    ['http://git.example/app', /never goes over plain http/, { insecure: true, credential: 'https' }],
    ['https://git.example/app', /kind ssh and the address is not/, ssh],
    ['git@git.example:app', /kind https and the address is not/, { credential: 'https' }],
    ['git@git.example:app', /ssh needs a credential/],
    ['git://git.example/app', /git: is refused/],
    ['ftp://git.example/app', /ftp: is refused/],
    ['javascript://git.example/app', /javascript: is refused/],
    [`https://git.example/${'a'.repeat(2000)}`, /longer than/],
  ]
  it.each(bad)('%j is refused: %s', (url, why, rules) => {
    expect(checkGitUrl(url, rules)).toMatch(why)
    expect(judgeGitUrl(url, rules)).toMatch(why)
  })

  it('is never repeated in what is said of it when it holds a password', () => {
    expect(checkGitUrl('https://bot:hunter2@git.example/app')).not.toContain('hunter2')
    expect(checkGitUrl('ssh://git:hunter2@git.example/app', ssh)).not.toContain('hunter2')
  })

  it('comes with its host and port', () => {
    expect(judgeGitUrl('https://Git.Example/app')).toMatchObject({
      kind: 'https',
      host: 'git.example',
      port: 443,
    })
    expect(judgeGitUrl('ssh://git@Git.Example:2222/app', ssh)).toMatchObject({
      host: 'git.example',
      port: 2222,
    })
  })
})

describe('a ref', () => {
  it.each(['main', 'feature/x', 'v1.2.3', 'refs/heads/main', 'a'.repeat(40), 'größe'])(
    '%s is taken',
    (ref) => {
      expect(checkGitRef(ref)).toBeUndefined()
    },
  )
  it.each([
    '',
    '-x',
    '--upload-pack=x',
    'a b',
    'a..b',
    'a:b',
    'a~1',
    'a^',
    'a?',
    '*',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.lock',
    'a@{1}',
    '@',
    'a\n',
    'a\\b',
    'a.',
    'a'.repeat(251),
  ])('%j is refused', (ref) => {
    expect(checkGitRef(ref)).toMatch(/no branch, tag or full commit id/)
  })
})
