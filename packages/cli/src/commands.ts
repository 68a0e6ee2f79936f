import type { Command } from './command.js'

type Load = () => Promise<Command>

/** Every command with the line that the overview says of it; its file is loaded when it is used. */
export const commands: Record<string, { about: string; load: Load }> = {
  serve: {
    about: 'Run Longshore with a config',
    load: async () => (await import('./commands/serve.js')).serve,
  },
  init: { about: 'Write a first config', load: async () => (await import('./commands/init.js')).init },
  check: {
    about: 'Tell every fault of a config',
    load: async () => (await import('./commands/check.js')).check,
  },
  doctor: {
    about: 'Look whether all is well here',
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  schema: {
    about: 'Print the JSON Schema of the config',
    load: async () => (await import('./commands/schema.js')).schema,
  },
  ls: { about: 'List the services', load: async () => (await import('./commands/ls.js')).ls },
  show: { about: 'Show one service', load: async () => (await import('./commands/show.js')).show },
  commits: {
    about: "List a service's commits and what became of each",
    load: async () => (await import('./commands/commits.js')).commits,
  },
  deployments: {
    about: "List a service's deployments",
    load: async () => (await import('./commands/deployments.js')).deployments,
  },
  deployment: {
    about: 'Show one deployment and what it printed',
    load: async () => (await import('./commands/deployment.js')).deployment,
  },
  logs: {
    about: 'Show what a service printed, and prints',
    load: async () => (await import('./commands/logs.js')).logs,
  },
  stats: {
    about: 'Show what services use',
    load: async () => (await import('./commands/stats.js')).stats,
  },
  checks: {
    about: "Show what services' checks say",
    load: async () => (await import('./commands/checks.js')).checks,
  },
  events: { about: 'Read the journal', load: async () => (await import('./commands/events.js')).events },
  deploy: {
    about: 'Deploy the newest commit, or another one',
    load: async () => (await import('./commands/deploy.js')).deploy,
  },
  approve: {
    about: 'Approve a commit that waits for that',
    load: async () => (await import('./commands/approve.js')).approve,
  },
  start: {
    about: 'Release a stopped service; its newest commit is brought',
    load: async () => (await import('./commands/start.js')).start,
  },
  stop: {
    about: 'Stop a service; it stays stopped until it is started',
    load: async () => (await import('./commands/stop.js')).stop,
  },
  restart: {
    about: 'End what runs and start the same commit again',
    load: async () => (await import('./commands/restart.js')).restart,
  },
  rollback: {
    about: 'Go back to what was kept before',
    load: async () => (await import('./commands/rollback.js')).rollback,
  },
  quarantine: {
    about: 'Bar a commit: it never runs again until it is lifted',
    load: async () => (await import('./commands/quarantine.js')).quarantine,
  },
  lift: { about: 'Lift a quarantine', load: async () => (await import('./commands/lift.js')).lift },
  pin: {
    about: 'Keep a service on one commit',
    load: async () => (await import('./commands/pin.js')).pin,
  },
  unpin: { about: 'Take the pin off', load: async () => (await import('./commands/pin.js')).unpin },
  where: {
    about: 'Tell where a commit runs, would run or could return to',
    load: async () => (await import('./commands/where.js')).where,
  },
  plan: {
    about: 'Show what a deployment would change',
    load: async () => (await import('./commands/plan.js')).plan,
  },
  diff: {
    about: 'Show what differs between two deployments',
    load: async () => (await import('./commands/diff.js')).diff,
  },
  freeze: {
    about: 'Let new commits wait, of a service, a label or the host',
    load: async () => (await import('./commands/freeze.js')).freeze,
  },
  unfreeze: {
    about: 'End a freeze',
    load: async () => (await import('./commands/unfreeze.js')).unfreeze,
  },
  freezes: {
    about: 'List what is frozen',
    load: async () => (await import('./commands/freezes.js')).freezes,
  },
  cancel: {
    about: 'Cancel a deployment that is under way',
    load: async () => (await import('./commands/cancel.js')).cancel,
  },
  login: {
    about: 'Sign in at a Longshore elsewhere, for the commands',
    load: async () => (await import('./commands/login.js')).login,
  },
  logout: {
    about: 'Forget what login keeps',
    load: async () => (await import('./commands/logout.js')).logout,
  },
  user: {
    about: 'List, add and change accounts',
    load: async () => (await import('./commands/user.js')).user,
  },
  token: {
    about: 'List, create and revoke tokens for programs',
    load: async () => (await import('./commands/token.js')).token,
  },
  session: {
    about: 'List and end the sessions of who is signed in',
    load: async () => (await import('./commands/session.js')).session,
  },
  backup: { about: 'Copy the store, live', load: async () => (await import('./commands/backup.js')).backup },
  restore: {
    about: 'Put a backup in place',
    load: async () => (await import('./commands/restore.js')).restore,
  },
}
