import { expect, it } from 'vitest'
import { Config, definePlugin } from '../src/index.js'
import { start } from './start.js'

it('relative paths of the config begin in the folder of the config that counts', async () => {
  const folders: string[] = []
  const reader = definePlugin({
    name: 'reader',
    needs: { config: Config },
    setup: ({ needs: { config } }) => void config.changed(async () => void folders.push(config.folder())),
  })
  const { kernel } = await start({ plugins: [reader], config: {} })
  const config = (file: string) => kernel.reconfigure({ file, value: { version: 1, host: 'test' } })
  await config('/etc/longshore/longshore.config.yaml')
  await expect(kernel.reconfigure({ file: '/elsewhere/x.yaml', value: {} })).rejects.toThrow('version')
  await config('other.yaml')
  expect(folders).toEqual(['/etc/longshore', process.cwd()])
  expect(kernel.get(Config).folder()).toBe(process.cwd())
})
