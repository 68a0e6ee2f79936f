import { statfs } from 'node:fs/promises'
import { AwayError, LongshoreError, type DoctorLine } from '@longshore/core'
import { z } from 'zod'
import type { Engine } from '../client.js'

/** The share of its disk that an engine should have free. */
const enough = 0.05
const Info = z.object({ DockerRootDir: z.string().default('') })

/**
 * Whether the engine answers, and whether it has room. One that was found by nobody's word and does not exist is no fault
 * where no service needs one: most hosts that only run commands have none.
 */
export async function lookAt(engine: Engine, signal: AbortSignal, needed: boolean): Promise<DoctorLine> {
  try {
    const { Version, ApiVersion } = await engine.version(signal)
    const say = `Docker ${Version} (API ${ApiVersion}) answers at ${engine.endpoint.host}`
    const { DockerRootDir } = await engine.ask(Info, (docker) => docker.info(), signal)
    const room = await roomOf(engine.endpoint.socketPath === undefined ? '' : DockerRootDir)
    if (!room) return { ok: true, say }
    const free = `${(room.free / 2 ** 30).toFixed(1)} GiB are free in ${DockerRootDir}`
    if (room.free >= room.size * enough) return { ok: true, say: `${say}; ${free}` }
    return {
      ok: false,
      say: `${say}; only ${free}`,
      hint: 'Make room: docker system df shows what takes it.',
    }
  } catch (error) {
    if (
      !needed &&
      error instanceof AwayError &&
      error.data?.['absent'] &&
      engine.endpoint.from === 'the default'
    )
      return {
        ok: true,
        say: `no Docker engine is at ${engine.endpoint.host}; only services in containers need one`,
      }
    if (error instanceof LongshoreError)
      return { ok: false, say: error.message, ...(error.hint && { hint: error.hint }) }
    throw error
  }
}

/** Bytes of the disk that holds a folder; undefined where it cannot be seen from here. */
async function roomOf(folder: string): Promise<{ free: number; size: number } | undefined> {
  const disk = folder && (await statfs(folder).catch(() => undefined))
  return disk ? { free: disk.bavail * disk.bsize, size: disk.blocks * disk.bsize } : undefined
}
