import { dirname } from 'node:path'
import type { ParsedText } from './document.js'

/** Runs a config that is TypeScript or JavaScript and takes its default export: an object, or a function that makes one. */
export async function loadModule(file: string): Promise<ParsedText> {
  const { loadConfig } = await import('c12')
  try {
    // One file and nothing else: no rc files, no layers, no download, no .env, no section by NODE_ENV.
    const { config } = await loadConfig<Record<string, unknown>>({
      cwd: dirname(file),
      configFile: file,
      rcFile: false,
      extend: false,
      giget: false,
      envName: false,
      configFileRequired: true,
    })
    return { value: config, faults: [] }
  } catch (error) {
    const { message = String(error), stack = '' } = error as Error
    const [, line, column] = stack.slice(stack.indexOf(file) + file.length).match(/^:(\d+):(\d+)/) ?? []
    const where = stack.includes(file) && line ? { line: Number(line), column: Number(column) } : {}
    return {
      value: undefined,
      faults: [{ ...where, message: `it cannot be run: ${message.split('\n')[0]}` }],
    }
  }
}
