import type { Outcome, Phase, StateWord } from '@longshore/core/protocol'

const count = (many: number, one: string, more = `${one}s`) => `${many} ${many === 1 ? one : more}`

const states: Record<StateWord, string> = {
  failing: 'failing',
  quarantined: 'quarantined',
  waiting: 'waiting',
  unknown: 'unknown',
  held: 'held',
  drift: 'drift',
  deploying: 'deploying',
  healthy: 'healthy',
}

const outcomes: Record<Outcome, string> = {
  kept: 'kept',
  rolledBack: 'rolled back',
  refused: 'refused',
  superseded: 'superseded',
  cancelled: 'cancelled',
  failed: 'failed',
  interrupted: 'interrupted',
}

const phases: Record<Phase, string> = {
  queued: 'queued',
  fetching: 'fetching',
  planning: 'planning',
  applying: 'applying',
  verifying: 'verifying',
  settled: 'settled',
}

/** English: complete, and the shape of every other language. */
export const en = {
  product: 'Longshore',
  states,
  outcomes,
  phases,
  frame: {
    toContent: 'Skip to the page',
    navigation: 'Pages',
    overview: 'Overview',
    services: 'Services',
    events: 'Events',
    live: 'Live',
    lost: 'Lost',
    connecting: 'Connecting',
    openMenu: 'Open the menu',
    closeMenu: 'Close the menu',
    colours: 'Colours',
    schemes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    language: 'Language',
    accountOf: 'Account of',
    signOut: 'Sign out',
    lostFor: (span: string, time: string, seq: string) =>
      `No answer for ${span}. This is the picture of ${time} (seq ${seq}). What you see may no longer be true.`,
  },
  signIn: {
    title: 'Sign in to Longshore',
    name: 'Name',
    password: 'Password',
    code: 'Code',
    codeHelp: 'The six digits that your authenticator shows, or a recovery code.',
    submit: 'Sign in',
    help: 'Accounts are made by an administrator: longshore user add NAME.',
  },
  setUp: {
    title: 'Make the first account',
    about: 'It may do everything: deploy, stop, and let others in. This link works once.',
    name: 'Name',
    nameHelp: 'Small letters, digits, . _ @ and -.',
    submit: 'Make the account',
    noToken: 'This address lacks its secret. Open the whole link that Longshore printed when it started.',
  },
  link: {
    title: 'Choose your password',
    about: 'This link was made for you. It works once.',
    submit: 'Choose and sign in',
    noToken: 'This address lacks its secret. Open the whole link that you were given.',
  },
  password: {
    next: 'New password',
    again: 'Once more',
    help: '12 characters or more; length counts, not its mix.',
    differs: 'The two differ.',
  },
  overview: {
    title: 'Overview',
    allWell: (many: number) =>
      many === 1 ? 'The one service runs what it should.' : `All ${many} services run what they should.`,
    some: (well: number, many: number) => `${well} of ${count(many, 'service')} run what they should.`,
    needYou: (many: number) => (many === 1 ? 'One thing needs you.' : `${many} things need you.`),
    nothingNeedsYou: 'Nothing needs you.',
    needs: 'Needs you',
    more: (many: number) => `and ${many} more`,
    fleet: 'Fleet',
    fleetOf: (services: number, hosts: number) => `${count(services, 'service')}, ${count(hosts, 'host')}`,
    deployments: 'Deployments',
    noDeployments: 'No deployment yet. A service deploys when a commit arrives on its branch.',
    noServices: 'No service yet.',
    noServicesHelp:
      'Declare one in the config: its repository, its branch, and how it runs. Longshore reads the config again by itself.',
    never: 'never deployed',
  },
  services: {
    title: 'Services',
    filter: 'Filter',
    filterHelp: 'Words of a name, or state:held, host:quay-1, kind:compose. A - before one leaves out.',
    of: (shown: number, many: number) => `${shown} of ${many}`,
    state: 'State',
    name: 'Service',
    runs: 'Runs',
    shouldRun: 'should run',
    last: 'Last deployment',
    host: 'Host',
    none: 'Nothing fits this filter.',
    clear: 'Clear the filter',
    nothingRuns: 'nothing runs',
  },
  events: {
    title: 'Events',
    filter: 'Filter',
    filterHelp: 'Text, or service:api, kind:hold.placed, actor:user:ines, since:1h',
    list: 'Events, newest first',
    live: (seq: string) => `Live. Newest first, up to seq ${seq}.`,
    none: 'No event fits this filter.',
    clear: 'Clear the filter',
    older: 'Show older',
    end: 'This is the beginning of what is kept.',
    story: 'The story of one event',
    close: 'Close',
    by: 'by',
    facts: 'Facts',
    before: 'Its deployment',
  },
  unknown: {
    title: 'There is no such page',
    back: 'To the overview',
  },
  loading: 'Loading',
  tryAgain: 'Try again',
}

export type Text = typeof en
