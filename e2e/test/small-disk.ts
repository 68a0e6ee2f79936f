import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A file system of a few MiB, which can be filled to the last byte; gone when the test ends. */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'longshore-disk-'))

  /** `size` as mount(8) takes it. Register it before what uses it: tests tidy up in reverse. */
  constructor(size: string) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.folder])
    onTestFinished(() => {
      // Lazily, so that a process that hangs there does not keep it for ever.
      execFileSync('umount', ['--lazy', this.folder])
      rmSync(this.folder, { recursive: true, force: true })
    })
  }

  /** Leaves so many bytes free, none unless told. */
  fill(free = 0): void {
    this.free()
    const spare = free > 0 ? this.#write('spare', free) : undefined
    this.#write('filling', Infinity)
    if (spare) rmSync(spare)
  }

  /** Makes room again. */
  free(): void {
    rmSync(join(this.folder, 'filling'), { force: true })
  }

  /** Writes so many bytes, or as many as fit. */
  #write(name: string, bytes: number): string {
    const path = join(this.folder, name)
    const file = openSync(path, 'w')
    const block = Buffer.alloc(4096)
    try {
      for (let written = 0; written < bytes;) written += writeSync(file, block)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
    return path
  }
}
