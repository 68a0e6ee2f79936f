import {
  Clock,
  Config,
  deadline,
  definePlugin,
  GitProvider,
  servicesOf,
  type DoctorLine,
} from '@longshore/core'
import { Signers, type Signer } from './config.js'
import { judge } from './judge.js'
import { KeyFiles } from './key-files.js'

/** Milliseconds that the commit's object may take to come: it was fetched before. */
const patience = 20_000

/** Lets in only commits that are signed by somebody whom the service's policy names. Whoever asks: nobody may set that aside. */
export default definePlugin({
  name: 'admit-signers',
  policies: { signers: Signers },
  needs: { config: Config, git: GitProvider, clock: Clock },
  setup({ needs: { config, git, clock }, hooks, doctor }) {
    const files = new KeyFiles(() => config.folder())
    hooks.admit.tap(async ({ sha }, { service }) => {
      const signers = signersOf(config, service)
      if (signers.length === 0) return undefined
      const { source } = servicesOf(config.current()).get(service)!
      const object = Buffer.from(await git.object(source, sha, deadline(patience)))
      return judge(object, sha, signers, files, clock.now())
    })
    doctor.add('signers', () => look(config, files))
  },
})

function signersOf(config: Config, service: string): readonly Signer[] {
  return (config.current().services[service]?.policy['signers'] ?? []) as Signer[]
}

/** Whether every file of keys that the config names can be read. */
async function look(config: Config, files: KeyFiles): Promise<DoctorLine> {
  const services = Object.keys(config.current().services)
  const paths = services.flatMap((service) => signersOf(config, service).flatMap(({ gpg }) => gpg ?? []))
  const faults: string[] = []
  for (const path of new Set(paths)) {
    const { fault } = await files.read(path)
    if (fault !== undefined) faults.push(fault)
  }
  const count = new Set(paths).size
  if (faults.length === 0)
    return { ok: true, say: `${count} files with keys of signers are named and can be read` }
  return {
    ok: false,
    say: `keys of signers cannot be read: ${faults.join('; ')}`,
    hint: 'Export the public key anew: gpg --export --armor NAME > FILE; its path is relative to the config.',
  }
}
