import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { needs } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { Bench, code, until } from './bench.js'

const sleeper = { up: ['sleep', '1000'], keepAlive: true }

describe('on a full disk', needs('tmpfs'), () => {
  it('nothing new is started, what ran runs on, and all is well when space returns', async () => {
    let mounted = ''
    const bench = await Bench.make((data) => {
      mounted = data
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k,nr_inodes=200', 'tmpfs', data])
    })
    try {
      await bench.apply(1, sleeper)
      await writeFile(join(bench.data, 'filler'), Buffer.alloc(1 << 20)).catch(() => {})
      await expect(bench.apply(2, sleeper)).rejects.toEqual(code('RUNTIME_FULL'))
      await until('the old one runs again', () => bench.pids().length === 1)
      expect(await bench.runtime.find()).toMatchObject([{ deployment: 'deployment000001' }])
      await rm(join(bench.data, 'filler'))
      await bench.apply(3, sleeper)
      expect(bench.pids()).toHaveLength(1)
      await bench.end()
    } finally {
      await bench.runtime.close()
      execFileSync('umount', ['--lazy', mounted])
      await bench.close()
    }
  })
})
