import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Plugin } from '@longshore/core'
import { coreRoutes } from '@longshore/core/protocol'
import { newWorld, startTestKernel, type TestKernel, type TestKernelOptions } from '@longshore/core/testkit'
import web from '@longshore/web'
import { createClient, type Client } from '../src/index.js'
import { createNodeClient } from '../src/node/index.js'

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

export interface Running extends TestKernel {
  url: string
  token: string
  socket: string
}

/** A Longshore that serves the API, with the service `hello`; it is stopped after the test. */
export async function start({
  plugins = [],
  listen = '127.0.0.1:0',
  ...options
}: TestKernelOptions & { plugins?: Plugin[]; listen?: string } = {}): Promise<Running> {
  const source = { url: 'https://git.example/team/hello.git' }
  const services = { hello: { source, run: { kind: 'fake', print: 'hello\nworld' } } }
  const kernel = await startTestKernel({
    ...options,
    plugins: [...plugins, web],
    config: { services, web: { listen } },
  })
  closing.push(() => kernel.stop().catch(() => undefined))
  const socket = join(kernel.data, 'longshore.sock')
  const { url } = await createNodeClient({ socket }).call(coreRoutes.info)
  return { ...kernel, url, token: kernel.gate.admin, socket }
}

/** One that can be ended and started again where it was, at the same address. */
export async function startTwice(): Promise<{ first: Running; again(): Promise<Running> }> {
  const data = await mkdtemp(join(tmpdir(), 'longshore-client-'))
  closing.push(() => rm(data, { recursive: true, force: true }))
  const world = { ...newWorld(), data }
  const first = await start(world)
  return {
    first,
    async again() {
      await first.stop()
      return start({ ...world, listen: new URL(first.url).host })
    },
  }
}

/** The same client by each way there is. */
export const ways: [name: string, client: (running: Running) => Client][] = [
  ['fetch', createClient],
  ['Node over TCP', createNodeClient],
  ['Node over the socket', ({ socket }) => createNodeClient({ socket })],
]

/** Something else that listens, at the address that is answered. */
export async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Facts about `hello` that only these tests make. */
export async function record({ journal }: Running, count: number, why = 'made'): Promise<void> {
  const placed = { kind: 'hold.placed' as const, service: 'hello', why, data: {} }
  const actor = { kind: 'user', name: 'ines' } as const
  await journal.record(...Array.from({ length: count }, () => ({ ...placed, actor })))
}

/** Deploys by a push, and answers the deployment. */
export async function push({ git, seen }: Running, content = 'one'): Promise<string> {
  const sha = git.commit('https://git.example/team/hello.git', 'main', { 'app.txt': content })
  const { deployment } = await seen(({ kind, commit }) => kind === 'deployment.settled' && commit === sha)
  return deployment!
}
