import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Plugin } from '../kernel/plugin.js'
import type { Route } from '../contributions/route.js'
import type { Token } from '../kernel/token.js'
import { startTestKernel, type TestKernelOptions } from './kernel.js'
import type { Law } from './law.js'

/** Milliseconds that handles may take to close after a stop. */
const settling = 5_000

/**
 * What every plugin owes the kernel, whatever it does: run each law in any test runner. `options` are those of
 * `startTestKernel`: the config section that the plugin needs, and the plugins that it needs beside it.
 */
export function verifyPlugin(plugin: Plugin, options: TestKernelOptions = {}): Law[] {
  const start = () => startTestKernel({ ...options, plugins: [...(options.plugins ?? []), plugin] })
  return [
    {
      name: `${plugin.name}: is named in lower case, by words with - between them`,
      run: async () => checkName(plugin),
    },
    {
      name: `${plugin.name}: event kinds are noun.happened, slices are its own`,
      run: async () => checkProtocol(plugin),
    },
    {
      name: `${plugin.name}: provides what it declares, and its routes are well formed`,
      run: () => checkServed(plugin, start),
    },
    {
      name: `${plugin.name}: starts, stops and starts again, and leaves nothing open`,
      run: () => checkLife(start),
    },
  ]
}

type Start = () => ReturnType<typeof startTestKernel>

function checkName({ name }: Plugin): void {
  assert.match(name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a plugin is named <capability>-<vendor> in lower case')
}

function checkProtocol({ name, protocol }: Plugin): void {
  for (const kind of Object.keys(protocol?.events ?? {})) {
    assert.match(kind, /^[a-z][A-Za-z]*\.[a-z][A-Za-z]*$/, `the event kind ${kind} is not noun.happened`)
  }
  for (const slice of protocol?.slices ?? []) {
    assert.notEqual(slice.name, 'placement', `${name} may not write the core's slice`)
    assert.notEqual(slice.name, 'deployment', `${name} may not write the core's slice`)
  }
}

async function checkServed({ name, provides = [] }: Plugin, start: Start): Promise<void> {
  const { kernel, stop } = await start()
  try {
    for (const token of provides as Token[]) {
      const met: unknown = kernel.get(token)
      assert.ok(
        token.arity === 'one' ? met !== undefined : (met as Map<string, unknown>).size > 0,
        `${token.name} is not provided`,
      )
    }
    for (const { shape, plugin } of kernel.contributions.routes) if (plugin === name) checkRoute(shape)
  } finally {
    await stop()
  }
}

function checkRoute({ method, path, params, body, right, summary }: Route['shape']): void {
  assert.match(path, /^(\/(:[a-zA-Z]+|[a-zA-Z0-9._~-]+))+$/, `the path ${path} is not one`)
  assert.ok(summary.length > 0, `${method} ${path} has no summary`)
  assert.ok(right.length > 0, `${method} ${path} names no right`)
  assert.equal(
    path.includes(':'),
    params !== undefined,
    `${method} ${path}: parameters and their schema go together`,
  )
  assert.ok(method !== 'GET' || !body, `${method} ${path}: a GET has no body`)
}

async function checkLife(start: Start): Promise<void> {
  const before = handles()
  for (let round = 0; round < 2; round++) {
    const { stop } = await start()
    await stop()
  }
  // A closed socket takes a turn or two to be gone.
  for (const from = Date.now(); Date.now() - from < settling && more(before, handles()).length > 0;)
    await sleep(20)
  assert.deepEqual(more(before, handles()), [], 'something was left open after the stop')
}

/** What keeps a process alive, apart from what comes and goes with any work. */
function handles(): string[] {
  const passing = new Set(['FSReqPromise', 'FSReqCallback', 'CloseReq', 'Immediate', 'Timeout'])
  return process.getActiveResourcesInfo().filter((name) => !passing.has(name))
}

function more(before: readonly string[], after: readonly string[]): string[] {
  const rest = [...before]
  return after.filter((name) => {
    const at = rest.indexOf(name)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}
