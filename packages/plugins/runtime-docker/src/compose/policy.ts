import { dirname, resolve } from 'node:path'
import { bindFault, isWithin, realPath } from '../policy.js'
import { addressFault } from './addresses.js'
import { judgeBuild } from './build-policy.js'
import { labelTaken } from './errors.js'
import type { ComposeService, Model, Mount } from './model.js'
import type { Bounds, ComposeRule } from './rules.js'

/** What a service may say without any power over the host. What is neither here nor judged is refused by name. */
const harmless = new Set(
  `attach blkio_config cap_drop command container_name cpu_count cpu_percent cpu_period cpu_quota cpu_shares cpus cpuset
  depends_on develop dns dns_opt dns_search domainname entrypoint environment expose extra_hosts group_add
  healthcheck hostname image init isolation links mac_address mem_limit mem_reservation mem_swappiness memswap_limit
  oom_kill_disable oom_score_adj pids_limit platform ports profiles pull_policy pull_refresh_after read_only
  restart scale secrets configs shm_size stdin_open stop_grace_period stop_signal storage_opt tmpfs tty ulimits user
  working_dir`.split(/\s+/),
)

/** Judges one option: the rule that refuses its value, and what is said of it; undefined when it may be. */
type Judge = (value: any, bounds: Bounds, model: Model) => [ComposeRule, string] | undefined

const always =
  (rule: ComposeRule): Judge =>
  (value) => [rule, JSON.stringify(value).slice(0, 200)]
const inHost: Judge = (value) =>
  value === 'host' || /^container:/.test(String(value)) ? ['host-namespace', String(value)] : undefined
const hooks: Judge = (value: { privileged?: boolean }[]) =>
  value.some(({ privileged }) => privileged) ? ['privileged', 'a hook'] : undefined

const judges: Record<string, Judge> = {
  build: judgeBuild,
  cap_add: always('capabilities'),
  cgroup: inHost,
  cgroup_parent: always('cgroup-parent'),
  credential_spec: always('credential-spec'),
  deploy: (value: { resources?: { reservations?: { devices?: unknown } } }) => {
    const devices = value.resources?.reservations?.devices
    return devices ? ['devices', JSON.stringify(devices).slice(0, 200)] : undefined
  },
  device_cgroup_rules: always('device-cgroup-rules'),
  devices: always('devices'),
  external_links: always('foreign-container'),
  gpus: always('devices'),
  ipc: inHost,
  labels: () => undefined,
  logging: ({ driver }: { driver?: string }) =>
    /^(json-file|local|journald|none)$/.test(driver ?? 'local') ? undefined : ['log-driver', driver!],
  network_mode: (value: string, bounds, model) =>
    inHost(value, bounds, model) ??
    (/^(none$|service:)/.test(value) ? undefined : ['foreign-network', `${value} is not of the project`]),
  networks: (value: Record<string, { driver_opts?: unknown } | null>) =>
    Object.values(value).some((each) => isSaid(each?.driver_opts))
      ? ['network-driver', 'options of the driver']
      : undefined,
  pid: inHost,
  post_start: hooks,
  pre_stop: hooks,
  privileged: always('privileged'),
  runtime: always('runtime'),
  security_opt: (value: string[]) => {
    const other = value.find((each) => !/^no-new-privileges([:=]true)?$/.test(each))
    return other === undefined ? undefined : ['security-opt', other]
  },
  sysctls: always('sysctls'),
  use_api_socket: always('docker-socket'),
  userns_mode: inHost,
  uts: inHost,
  volumes: judgeMounts,
  volumes_from: (value: string[]) => {
    const other = value.find((each) => each.startsWith('container:'))
    return other === undefined ? undefined : ['foreign-container', other]
  },
}

/** Refuses what would give a project power over the host or over what is not its own. Errors: COMPOSE_LABEL, `refuse`'s. */
export function judgeModel(model: Model, bounds: Bounds): void {
  for (const [name, service] of Object.entries(model.services)) judgeService(name, service, bounds, model)
  const top = /^(name|services|networks|volumes|secrets|configs|version|x-.*)$/
  for (const [key, value] of Object.entries(model))
    if (!top.test(key) && isSaid(value)) bounds.refuse('unknown-option', `${key} of the project`)
  judgeNetworks(model, bounds)
  judgeVolumes(model, bounds)
  judgeFiles(model, bounds)
  judgeNesting(model, bounds)
}

function judgeService(name: string, service: ComposeService, bounds: Bounds, model: Model): void {
  checkLabels(service.labels, `service ${name}`)
  for (const [key, value] of Object.entries(service)) {
    if (!isSaid(value) || harmless.has(key) || key.startsWith('x-')) continue
    const judge = judges[key]
    const fault = judge
      ? judge(value, bounds, model)
      : (['unknown-option', 'this Longshore does not know it'] as const)
    if (fault) bounds.refuse(fault[0], `${key} of service ${name}: ${fault[1]}`)
  }
}

/** Compose writes options that nobody gave as null, false or empty. */
function isSaid(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

export function checkLabels(labels: ComposeService['labels'], place: string): void {
  for (const label of Object.keys(labels ?? {}))
    if (/^(longshore|com\.docker\.compose)\./.test(label)) throw labelTaken(label, place)
}

function judgeMounts(mounts: Mount[], bounds: Bounds): ReturnType<Judge> {
  for (const { type, source = '', bind } of mounts) {
    if (type === 'volume' || type === 'tmpfs' || type === 'image') continue
    if (type !== 'bind') return ['unknown-option', `a mount of type ${type}`]
    const propagation = bind?.propagation ?? ''
    if (!/^(r?private)?$/.test(propagation)) return ['host-path', `${source} with propagation ${propagation}`]
    if (isWithin(realPath(source), realPath(bounds.root))) continue
    const fault = bindFault(source, bounds)
    if (fault) return fault
  }
  return undefined
}

function judgeNetworks({ networks }: Model, { refuse }: Bounds): void {
  const options =
    /^com\.docker\.network\.(driver\.mtu|bridge\.(enable_icc|enable_ip_masquerade|host_binding_ipv4))$/
  for (const [key, network] of Object.entries(networks)) {
    const { name, driver = 'bridge', driver_opts, labels } = network ?? {}
    checkLabels(labels, `network ${key}`)
    if (name === 'host' || driver === 'host') refuse('host-namespace', `network ${key}: it is the host's`)
    if (!/^(bridge|overlay|none)$/.test(driver))
      refuse('network-driver', `network ${key}: the driver ${driver}`)
    const other = Object.keys(driver_opts ?? {}).find((option) => !options.test(option))
    if (other) refuse('network-driver', `network ${key}: the option ${other}`)
    const taken = addressFault(network?.ipam)
    if (taken) refuse('network-driver', `network ${key}: ${taken}`)
  }
}

function judgeVolumes({ volumes }: Model, { refuse }: Bounds): void {
  for (const [key, volume] of Object.entries(volumes)) {
    const { name = key, driver = 'local', driver_opts, labels } = volume ?? {}
    checkLabels(labels, `volume ${key}`)
    if (driver !== 'local') refuse('volume-driver', `volume ${key}: the driver ${driver}`)
    // A volume with options is a mount of whatever they name: a folder of the host, a disk, a server.
    if (isSaid(driver_opts) && !isMemory(driver_opts!))
      refuse('volume-driver', `volume ${key}: ${JSON.stringify(driver_opts).slice(0, 200)}`)
    // The engine would take another name for a folder of the host.
    if (!/^[\w.-]+$/.test(name)) refuse('host-path', `volume ${key}: ${name} is no volume's name`)
  }
}

/** What the kernel makes of a mount is decided by its flags, among them `bind`, and not by its type. */
const memoryOption = /^(((size|nr_blocks|nr_inodes|mode|uid|gid)=\w+%?)|ro|rw|nosuid|nodev|noexec)$/

function isMemory({ type, device: _device, o = '', ...others }: Record<string, unknown>): boolean {
  const options = String(o).split(',').filter(Boolean)
  return type === 'tmpfs' && !isSaid(others) && options.every((each) => memoryOption.test(each))
}

function judgeFiles({ secrets, configs }: Model, { root, refuse }: Bounds): void {
  const known = /^(name|file|environment|content|labels|external|x-.*)$/
  for (const [key, value] of [...Object.entries(secrets), ...Object.entries(configs)]) {
    const { file } = value ?? {}
    if (file !== undefined && !isWithin(realPath(file), realPath(root)))
      refuse('outside-file', `${file} of ${key}: it leads out of the commit's tree`)
    const other = Object.entries(value ?? {}).find(([option, said]) => !known.test(option) && isSaid(said))
    if (other) refuse('unknown-option', `${other[0]} of ${key}`)
  }
}

/**
 * What runs in a container may write to a folder that is mounted there, links too. What lies in such a folder is not
 * mounted: at the next start it could lead anywhere on the host.
 */
function judgeNesting({ services, secrets, configs }: Model, { refuse }: Bounds): void {
  const mounts = Object.values(services).flatMap(({ volumes }) => volumes ?? [])
  const binds = mounts.filter(({ type }) => type === 'bind')
  const writable = new Set(
    binds.filter(({ read_only }) => !read_only).map(({ source = '' }) => realPath(source)),
  )
  const files = [...Object.values(secrets), ...Object.values(configs)].flatMap((each) => each?.file ?? [])
  for (const path of new Set([...binds.map(({ source = '' }) => source), ...files])) {
    const above = [...foldersAbove(realPath(path)), ...foldersAbove(resolve(path))].find((folder) =>
      writable.has(folder),
    )
    if (above !== undefined)
      refuse('host-path', `${path}: it lies in ${above}, which a container may write to`)
  }
}

function foldersAbove(path: string): string[] {
  const folders: string[] = []
  for (let at = path; dirname(at) !== at;) folders.push((at = dirname(at)))
  return folders
}
