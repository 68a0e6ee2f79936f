import { createHash } from 'node:crypto'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DockerEngine } from '@longshore/core/testkit'
import { runInside } from './inside.js'

const exec = promisify(execFile)

/** The pull half of a registry, over the files of a folder: blobs by digest, manifests by tag. */
const server = `
import http from 'node:http'
import { readFileSync, existsSync } from 'node:fs'
const [folder, login] = process.argv.slice(1)
const wanted = 'Basic ' + Buffer.from(login).toString('base64')
http.createServer((request, response) => {
  if (login && request.headers.authorization !== wanted)
    return response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end('{}')
  const [, kind, name] = /^\\/v2\\/app\\/(blobs|manifests)\\/([\\w.:-]+)$/.exec(request.url) ?? []
  if (kind) console.log(kind, name)
  if (request.url === '/v2/') return response.end('{}')
  let file = folder + '/' + name
  if (kind === 'manifests' && existsSync(file) && !name.startsWith('sha256:')) file = folder + '/' + readFileSync(file, 'utf8')
  if (!kind || !existsSync(file)) return response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such thing"}]}')
  const body = readFileSync(file)
  const type = kind === 'manifests' ? 'application/vnd.docker.distribution.manifest.v2+json' : 'application/octet-stream'
  const digest = file.slice(file.lastIndexOf('/') + 1)
  response.writeHead(200, { 'content-type': type, 'content-length': body.length, 'docker-content-digest': digest })
  response.end(request.method === 'HEAD' ? undefined : body)
}).listen(Number(process.env.PORT ?? 5000), '127.0.0.1', () => console.log('up'))
`

/** A registry on the engine's loopback, with one repository `app` of tiny images. */
export class Registry {
  readonly name = '127.0.0.1:5000/app'
  readonly #folder: string
  readonly #process: Awaited<ReturnType<typeof runInside>>

  private constructor(folder: string, process: Awaited<ReturnType<typeof runInside>>) {
    this.#folder = folder
    this.#process = process
  }

  /** `login`: `name:password` that it asks for. */
  static async start(docker: DockerEngine, login = ''): Promise<Registry> {
    const folder = await mkdtemp(join(docker.folder, 'registry-'))
    return new Registry(folder, await runInside(docker, server, folder, login))
  }

  /** Manifests and blobs that were asked for. */
  get asked(): string[] {
    return this.#process.said().split('\n').slice(1).filter(Boolean)
  }

  /** An image whose /version holds this text; answers its digest. The tag stands for it from now on. */
  async push(tag: string, text: string): Promise<string> {
    const root = join(this.#folder, 'root')
    await mkdir(join(root, 'bin'), { recursive: true })
    for (const tool of ['sh', 'sleep', 'cat']) await copyFile('/bin/busybox', join(root, 'bin', tool))
    await writeFile(join(root, 'version'), text)
    const archive = join(this.#folder, 'layer.tar')
    await exec('tar', ['-C', root, '-cf', archive, '.'])
    await rm(root, { recursive: true })
    const layer = await readFile(archive)
    const config = Buffer.from(
      JSON.stringify({
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config: { Cmd: ['sleep', '1000'] },
        rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      }),
    )
    const part = (mediaType: string, bytes: Buffer) => ({
      mediaType,
      size: bytes.length,
      digest: digestOf(bytes),
    })
    const docker = 'application/vnd.docker'
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: `${docker}.distribution.manifest.v2+json`,
        config: part(`${docker}.container.image.v1+json`, config),
        layers: [part(`${docker}.image.rootfs.diff.tar`, layer)],
      }),
    )
    for (const bytes of [layer, config, manifest]) await writeFile(join(this.#folder, digestOf(bytes)), bytes)
    await writeFile(join(this.#folder, tag), digestOf(manifest))
    return digestOf(manifest)
  }

  close(): Promise<void> {
    return this.#process.close()
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
