import { resolve } from 'node:path'
import { Contributions, definePlugin, InputError, LongshoreError, Storage, within } from '@longshore/core'
import { shape } from '@longshore/core/protocol'
import { z } from 'zod'

/** Milliseconds that one look of the doctor may take. */
const lookDeadline = 10_000

export const DoctorReport = z.strictObject({
  lines: z.array(
    z.strictObject({
      plugin: z.string(),
      line: z.string(),
      ok: z.boolean(),
      say: z.string(),
      hint: z.string().optional(),
    }),
  ),
})
export type DoctorReport = z.infer<typeof DoctorReport>

/** The routes behind `longshore doctor` and `longshore backup`. */
export const operationsRoutes = {
  doctor: shape({
    method: 'GET',
    path: '/doctor',
    summary: 'What each plugin finds when it looks at itself',
    right: 'host:read',
    response: DoctorReport,
  }),
  backup: shape({
    method: 'POST',
    path: '/backups',
    summary: 'Write a consistent copy of the store into an absent or empty folder of the host',
    right: 'host:write',
    body: z.strictObject({ directory: z.string().min(1).max(4000) }),
    response: z.strictObject({ directory: z.string() }),
  }),
}

/** What people ask of the host itself. */
export const operations = definePlugin({
  name: 'operations',
  needs: { contributions: Contributions, storage: Storage },
  setup({ needs: { contributions, storage }, routes }) {
    // Looks start programs and ask the disk: those who come meanwhile share them.
    let looks: Promise<DoctorReport> | undefined
    const lookAtAll = async () => ({ lines: await Promise.all(contributions.doctor.map(look)) })
    routes.add(operationsRoutes.doctor, () => (looks ??= lookAtAll().finally(() => (looks = undefined))))
    routes.add(operationsRoutes.backup, async ({ body: { directory } }) => {
      if (resolve(directory) !== directory) {
        throw new InputError('BACKUP_PATH', `${directory} is not an absolute path`, {
          hint: 'Name the folder from the root: Longshore runs elsewhere than you.',
        })
      }
      await storage.backup(directory)
      return { directory }
    })
  },
})

type Look = Contributions['doctor'][number]

async function look({ plugin, line, look: ask }: Look): Promise<DoctorReport['lines'][number]> {
  try {
    return { plugin, line, ...(await within(lookDeadline, `${line} of ${plugin}`, ask)) }
  } catch (error) {
    const hint = (error instanceof LongshoreError && error.hint) || 'Its log says more.'
    return { plugin, line, ok: false, say: (error as Error).message, hint }
  }
}
