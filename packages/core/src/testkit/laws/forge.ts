import assert from 'node:assert/strict'
import type { HookRequest, HookVerdict } from '../../protocol/index.js'
import { Secret } from '../../kernel/secret.js'
import { lawsOf, type Law, type State } from '../law.js'
import { reportLaws } from './forge-reports.js'
import type { ForgeSubject } from './forge-subject.js'

const repository = 'https://git.example/team/app.git'

/** The law of Forge, a test each. */
export function forgeLaws(make: () => Promise<ForgeSubject>): Law[] {
  const law = lawsOf(make)
  return [...readLaws(law), ...refusalLaws(law), ...reportLaws(law)]
}

const read = ({ forge, secrets, now }: ForgeSubject, request: HookRequest, at = now) =>
  forge.read(request, secrets, at)

function readLaws(law: State<ForgeSubject>): Law[] {
  return [
    law('a push is a look at its repository, in its ref', async (subject) => {
      const verdict = read(subject, subject.push(repository, 'release/one'))
      assert.equal(verdict.kind, 'look', JSON.stringify(verdict))
      if (verdict.kind !== 'look') return
      const bare = verdict.repositories.map((each) => each.replace(/^https:\/\/|\.git$/g, ''))
      assert.ok(bare.includes('git.example/team/app'), `it names the repository: ${bare.join(', ')}`)
      assert.deepEqual(verdict.refs, ['refs/heads/release/one'])
    }),
    law('what is about no push is nothing, and says why', async (subject) => {
      for (const [what, request] of Object.entries(subject.others)) {
        const verdict = read(subject, request)
        assert.equal(verdict.kind, 'nothing', `${what}: ${JSON.stringify(verdict)}`)
        assert.ok(verdict.kind === 'nothing' && verdict.reason !== '' && /^HOOK_/.test(verdict.code), what)
      }
    }),
    law('what is signed and is no push is malformed, whatever it holds', async (subject) => {
      for (const body of oddBodies) {
        const verdict = read(subject, subject.sign(body))
        assert.equal(verdict.kind, 'malformed', `${String(body).slice(0, 60)}: ${JSON.stringify(verdict)}`)
      }
    }),
    law('a fault repeats nothing of what came', async (subject) => {
      const verdict = read(subject, subject.sign('{"ref":{"canary":"canary"},"canary":'))
      assert.doesNotMatch(JSON.stringify(verdict), /canary/)
    }),
  ]
}

const deep = (open: string, close: string, times: number) => open.repeat(times) + close.repeat(times)
const oddBodies: (string | Uint8Array)[] = [
  '',
  'null',
  '[]',
  '"push"',
  '1',
  '{',
  '{}',
  '{"ref":{},"repository":{},"commits":null}',
  '{"ref":["refs/heads/main"],"repository":[],"project":[],"push":[]}',
  '{"__proto__":{"ref":"refs/heads/main"}}',
  deep('[', ']', 100_000),
  deep('{"a":', '}', 100_000).replace('}', '1}'),
  `{"ref":"refs/heads/main","repository":${deep('[', ']', 100_000)}}`,
  Buffer.from([0xff, 0xfe, 0x7b]),
]

/** What may stand in the place of a good proof. */
const wrongProofs: ((good: string) => string | undefined)[] = [
  () => undefined,
  () => '',
  () => ' ',
  () => '=',
  () => 'sha256=',
  () => 'v1,',
  (good) => good.toUpperCase(),
  (good) => good.slice(0, -1),
  (good) => `${good}0`,
  (good) => ` ${good}`,
  (good) => `${good.slice(0, -2)}${good.at(-2) === 'a' ? 'b' : 'a'}${good.at(-1)}`,
  (good) => `sha1=${good.replace(/^.*[=,]/, '').slice(0, 40)}`,
  (good) => `sha512=${good}`,
  (good) => [...good].reverse().join(''),
  () => '\u0000'.repeat(64),
  () => 'a'.repeat(100_000),
]

function refusalLaws(law: State<ForgeSubject>): Law[] {
  return [
    law('without its proof it is refused, always by the same words', async (subject) => {
      const good = subject.push(repository, 'main')
      const answers: HookVerdict[] = []
      for (const name of subject.proofs) {
        for (const wrong of wrongProofs) {
          const headers = { ...good.headers, [name]: wrong(good.headers[name] ?? '') }
          answers.push(read(subject, { ...good, headers }))
        }
      }
      const { headers } = good
      for (const body of subject.bare ? [] : oddBodies)
        answers.push(read(subject, { headers, body: Buffer.from(body) }))
      for (const verdict of answers) {
        assert.equal(verdict.kind, 'refused')
        assert.deepEqual(verdict, answers[0])
      }
    }),
    law('a body that was changed is refused', async (subject) => {
      if (subject.bare) return
      const { headers, body } = subject.push(repository, 'main')
      for (const changed of [Buffer.concat([body, Buffer.from(' ')]), body.subarray(1), body.subarray(0, -1)])
        assert.equal(read(subject, { headers, body: changed }).kind, 'refused')
    }),
    law(
      'where a secret is absent, empty or another one, nothing is let in',
      async ({ forge, ...subject }) => {
        const request = subject.push(repository, 'main')
        for (const key of Object.keys(subject.secrets)) {
          for (const other of [undefined, new Secret(''), new Secret('another'), new Secret('whsec_')]) {
            const { [key]: _, ...rest } = subject.secrets
            const secrets = other ? { ...rest, [key]: other } : { ...rest, [key]: undefined }
            assert.equal(forge.read(request, secrets, subject.now).kind, 'refused', key)
          }
        }
        assert.equal(forge.read(request, {}, subject.now).kind, 'refused')
      },
    ),
    law('what was signed long ago, or will be, is refused', async (subject) => {
      if (!subject.timed) return
      const request = subject.push(repository, 'main')
      for (const away of [-299_000, 0, 298_000])
        assert.equal(read(subject, request, subject.now + away).kind, 'look', `${away} ms`)
      for (const away of [-600_000, -302_000, 302_000, 600_000])
        assert.equal(read(subject, request, subject.now + away).kind, 'refused', `${away} ms`)
    }),
  ]
}
