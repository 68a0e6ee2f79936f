import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Contributions, type Plugin } from '@longshore/core'
import { startTestKernel, verifyPlugin } from '@longshore/core/testkit'
import dashboard from '@longshore/dashboard'
import { describe, expect, it, onTestFinished } from 'vitest'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(dashboard as Plugin)) it(name, run)

  it('brings a page that loads what is its own, and nothing inline', async () => {
    const kernel = await startTestKernel({ plugins: [dashboard as Plugin] })
    onTestFinished(() => kernel.stop())
    const [{ folder, page }, ...others] = kernel.kernel.get(Contributions).sites as [
      { folder: string; page: string },
    ]
    expect(others).toEqual([])
    const html = await readFile(join(folder, page), 'utf8')
    const loaded = [...html.matchAll(/ (?:src|href)="([^"]*)"/g)].map(([, address]) => address)
    expect(loaded.length).toBeGreaterThan(1)
    expect(loaded.filter((address) => !address!.startsWith('/'))).toEqual([])
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=/)
  })
})
