import type { PolicyHost } from '../policy.js'

/** What the policy refuses in a compose project, by the names that `run.allow` lifts. */
export const composeRules = [
  'capabilities',
  'cgroup-parent',
  'credential-spec',
  'device-cgroup-rules',
  'devices',
  'docker-socket',
  'foreign-container',
  'foreign-network',
  'foreign-volume',
  'host-namespace',
  'host-path',
  'log-driver',
  'network-driver',
  'outside-file',
  'privileged',
  'remote-include',
  'runtime',
  'secret-exposure',
  'security-opt',
  'sysctls',
  'system-path',
  'unknown-option',
  'volume-driver',
] as const
export type ComposeRule = (typeof composeRules)[number]

/** Refuses by a rule, unless the service allows it by name. `what` names what was found and where. */
export type Refuse = (rule: ComposeRule, what: string) => void

export interface Bounds extends PolicyHost {
  /** The commit's tree: what lies in it may be mounted. */
  root: string
  refuse: Refuse
}
