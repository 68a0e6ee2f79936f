import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Milliseconds that an engine may take to answer, and to end. */
const patience = 60_000

/** An image with busybox as its shell and every tool; `FROM` and `docker run` know it by this name on each test engine. */
export const testImage = 'longshore-test:1'

/**
 * A real Docker engine of its own: own socket, own folders, and a network namespace of its own, because two engines in
 * one delete each other's bridge and rules. What it publishes on 127.0.0.1 is reached by `inside`. Needs root.
 */
export class DockerEngine {
  readonly folder: string
  readonly socket: string
  #process: ChildProcess | undefined
  /** Holds the network namespace, so that a killed engine comes back to its own bridge. */
  #namespace: ChildProcess | undefined

  private constructor(folder: string) {
    this.folder = folder
    this.socket = join(folder, 'docker.sock')
  }

  /** An engine that answers, with the test image in it. */
  static async start(): Promise<DockerEngine> {
    const engine = new DockerEngine(await mkdtemp(join(tmpdir(), 'longshore-docker-')))
    try {
      await engine.up()
      await engine.#importImage()
    } catch (error) {
      await engine.close()
      throw error
    }
    return engine
  }

  /** As DOCKER_HOST and the config's `docker.host` name it. */
  get host(): string {
    return `unix://${this.socket}`
  }

  /** Starts the engine, also again after `down` or `kill`, on what it left. */
  async up(): Promise<void> {
    const words = ['--data-root', 'data', '--exec-root', 'exec', '-p', 'pid', '-H', this.host]
    const daemon = [
      'dockerd',
      ...words.map((word) => (/^(data|exec|pid)$/.test(word) ? join(this.folder, word) : word)),
    ]
    this.#namespace ??= await holdNamespace()
    const child = spawn('setpriv', [...dying, 'nsenter', this.#net, '--', ...daemon], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = child
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
    const deadline = performance.now() + patience
    while (!(await this.#answers())) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline)
        throw new Error(`the Docker engine does not come up: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Ends the engine in order. What has a restart policy comes back with it; nothing else runs on. */
  down(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Kills the engine; what it ran runs on without it. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Ends everything that it runs, the engine, and removes its folder. */
  async close(): Promise<void> {
    if (this.#process && (await this.#answers())) {
      const all = await this.docker('ps', '--all', '--quiet')
      if (all) await this.docker('rm', '--force', '--volumes', ...all.split('\n'))
    }
    await this.down()
    this.#namespace?.kill('SIGKILL')
    await this.#unmount()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** The engine as its own command line sees it; answers what that prints. */
  async docker(...args: string[]): Promise<string> {
    const { stdout } = await exec('docker', ['--host', this.host, ...args], { timeout: patience })
    return stdout.trim()
  }

  /** Runs a command where the engine's published ports are: in its network namespace. */
  async inside(...command: string[]): Promise<string> {
    const { stdout } = await exec('nsenter', [this.#net, '--', ...command], { timeout: patience })
    return stdout
  }

  /** The same for one that takes longer, or is talked with: the child is the caller's to end. */
  spawnInside(words: string[], options: SpawnOptions): ChildProcess {
    return spawn('nsenter', [this.#net, '--', ...words], options)
  }

  get #net(): string {
    return `--net=/proc/${this.#namespace!.pid!}/ns/net`
  }

  async #answers(): Promise<boolean> {
    return this.docker('version').then(
      () => true,
      () => false,
    )
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
    // A killed engine leaves numbers behind, its containerd's too, and the next one takes them for what runs.
    for (const file of ['pid', 'exec/containerd/containerd.pid'])
      await rm(join(this.folder, file), { force: true })
  }

  /** A killed engine leaves its mounts. */
  async #unmount(): Promise<void> {
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
    const own = mounts
      .map((line) => line.split(' ')[1]!)
      .filter((path) => path?.startsWith(`${this.folder}/`))
    if (own.length > 0) await exec('umount', ['--lazy', ...own.reverse()])
  }

  async #importImage(): Promise<void> {
    const root = join(this.folder, 'root')
    await mkdir(join(root, 'bin'), { recursive: true })
    await mkdir(join(root, 'tmp'))
    await copyFile('/bin/busybox', join(root, 'bin', 'busybox'))
    await exec('chroot', [root, '/bin/busybox', '--install', '-s', '/bin'])
    const archive = join(this.folder, 'image.tar')
    await exec('tar', ['-C', root, '-cf', archive, '.'])
    await this.docker('import', '--change', 'CMD ["sh"]', archive, testImage)
    await Promise.all([rm(root, { recursive: true }), rm(archive)])
  }
}

/** What a command has to begin with to end with whoever started it, however that ends. */
const dying = ['--pdeathsig', 'TERM', '--']

/** A process in a network namespace of its own, in which loopback is up. */
async function holdNamespace(): Promise<ChildProcess> {
  const words = ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && echo up && exec sleep infinity']
  const child = spawn('setpriv', [...dying, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

/** Docker Compose (v2 or later), as a command of its own: where `npm run provision` puts it, else the machine's. */
export function composeBinary(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const plugins = ['/usr/local/lib', '/usr/local/libexec', '/usr/libexec', '/usr/lib']
  const places = [
    join(cache, 'longshore', 'docker-compose'),
    ...plugins.map((folder) => join(folder, 'docker/cli-plugins/docker-compose')),
  ]
  return places.find((place) => existsSync(place))
}
