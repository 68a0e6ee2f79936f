import { fileURLToPath } from 'node:url'
import { build, type Rollup } from 'vite'
import { expect, it } from 'vitest'

it('a browser gets it without anything of Node, and the socket only when it is asked for', async () => {
  const built = await build({
    root: fileURLToPath(new URL('..', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      rolldownOptions: {
        input: fileURLToPath(new URL('../dist/index.js', import.meta.url)),
        preserveEntrySignatures: 'strict',
      },
    },
  })
  const chunks = (built as Rollup.RollupOutput).output.filter((each) => each.type === 'chunk')
  const [entry] = chunks.filter(({ isEntry }) => isEntry)
  for (const { imports, dynamicImports, code, moduleIds } of chunks) {
    const files = chunks.map(({ fileName }) => fileName)
    expect([...imports, ...dynamicImports].filter((each) => !files.includes(each))).toEqual([])
    expect(code).not.toMatch(/\brequire\(|from ['"]node:|import\(['"]node:|\bprocess\.env\b(?!.*NODE_ENV)/)
    expect(moduleIds.filter((id) => id.includes('__vite-browser-external'))).toEqual([])
  }
  expect(entry!.exports).toContain('createClient')
  const first = [entry!, ...chunks.filter(({ fileName }) => entry!.imports.includes(fileName))]
  expect(first.flatMap(({ moduleIds }) => moduleIds).filter((id) => id.includes('socket.io'))).toEqual([])
})
