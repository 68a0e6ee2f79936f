/*
 * The walls of this house. Each rule says why it stands; house/test/walls.test.ts tries each with a breach.
 * Packages meet at their doors, so the tree must be built before it is cruised.
 */

/** Source and built form of a package's code, tests apart. */
const core = '^packages/core/(src|dist)/'
const testkit = `${core}testkit/`
const anyPackage = '^(packages/(?:core|client|cli|ui|plugins/[^/]+)|examples/[^/]+|bench|e2e|house)/'

/**
 * Where each library of others may be imported: one file, so that replacing it is a change of one file.
 * Tests, examples and benchmarks are free. Zod is left out: schemas are everywhere.
 * @type {Record<string, string>}
 */
export const libraryHomes = {
  '@balena/dockerignore': '^packages/plugins/runtime-docker/src/image/context\\.ts$',
  '@humanwhocodes/momoa': '^packages/cli/src/config/json\\.ts$',
  '@iconify/vue': '^packages/ui/src/theme/kit\\.ts$',
  '@nuxt/ui': '^packages/ui/src/.*\\.vue$',
  argon2: '^packages/plugins/auth/src/passwords\\.ts$',
  c12: '^packages/cli/src/config/module\\.ts$',
  compression: '^packages/plugins/web/src/reply\\.ts$',
  citty: '^packages/cli/src/command\\.ts$',
  diff: '^packages/cli/src/commands/diff\\.ts$',
  croner: '^packages/plugins/admit-windows/src/starts\\.ts$',
  dockerode: '^packages/plugins/runtime-docker/src/client\\.ts$',
  'engine.io': '^packages/plugins/web/src/',
  execa: '^packages/plugins/git/src/client\\.ts$',
  express: '^packages/plugins/web/src/',
  'fs-native-extensions': '^packages/plugins/storage-lmdb/src/lock\\.ts$',
  helmet: '^packages/plugins/web/src/headers\\.ts$',
  jiti: '^packages/cli/src/product/guests\\.ts$',
  lmdb: '^packages/plugins/storage-lmdb/src/client\\.ts$',
  msgpackr: '^packages/plugins/storage-lmdb/src/message-pack\\.ts$',
  'openid-client': '^packages/plugins/auth-oidc/src/client\\.ts$',
  openpgp: '^packages/plugins/admit-signers/src/pgp\\.ts$',
  otpauth: '^packages/plugins/auth/src/codes\\.ts$',
  picomatch: '^packages/core/src/admission/watcher\\.ts$',
  pino: '^packages/core/src/kernel/logger\\.ts$',
  'proxy-addr': '^packages/plugins/web/src/knock\\.ts$',
  re2js: '^packages/plugins/(telemetry/src/search-worker|health/src/probes/match)\\.ts$',
  'prom-client': '^packages/plugins/metrics/src/client\\.ts$',
  'reflect-metadata': '^packages/core/src/kernel/container\\.ts$',
  'smol-toml': '^packages/cli/src/config/toml\\.ts$',
  'socket.io': '^packages/plugins/web/src/',
  'socket.io-client': '^packages/client/src/live/link\\.ts$',
  'tar-fs': '^packages/plugins/runtime-docker/src/image/context\\.ts$',
  tapable: '^packages/core/src/kernel/hooks\\.ts$',
  tsyringe: '^packages/core/src/kernel/container\\.ts$',
  vue: '^packages/ui/src/',
  'vue-router': '^packages/ui/src/',
  ws: '^packages/plugins/web/src/live/server\\.ts$',
  yaml: '^packages/(cli/src/config|plugins/runtime-docker/src/compose)/yaml\\.ts$',
}

/** @param {string} library */
const inModules = (library) => `(^|/)node_modules/(@types/)?${library}/`

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const libraryRules = Object.entries(libraryHomes).map(([library, home]) => ({
  name: `one-home-for-${library}`,
  comment: `Only ${home} imports ${library}: when it changes or is replaced, one place follows.`,
  severity: 'error',
  from: { path: '^packages/.*/src/', pathNot: [home, testkit] },
  to: { path: inModules(library) },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'protocol-is-pure',
      comment:
        'The browser runs the protocol: it imports zod and the core protocol, nothing of Node, nothing with I/O.',
      severity: 'error',
      from: { path: '^packages/(core|plugins/[^/]+)/src/protocol(/|\\.ts$)' },
      to: { pathNot: ['^packages/$1/src/protocol(/|\\.ts$)', `${core}protocol/`, inModules('zod')] },
    },
    {
      name: 'contracts-are-plain',
      comment:
        'A contract is a law, not a machine: it imports the protocol and its token, so that any plugin can keep it.',
      severity: 'error',
      from: { path: '^packages/core/src/contracts/' },
      to: {
        pathNot: [
          '^packages/core/src/contracts/',
          '^packages/core/src/protocol/',
          '^packages/core/src/kernel/(token|secret)\\.ts$',
        ],
      },
    },
    {
      name: 'contracts-only-name-secrets',
      comment:
        'A contract may say that a Secret travels; making or opening one is for those who keep the contract.',
      severity: 'error',
      from: { path: '^packages/core/src/contracts/' },
      to: { path: '^packages/core/src/kernel/secret\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-knows-no-feature',
      comment:
        'Features are plugins on the core: a core that knows one cannot be built, tested or used without it.',
      severity: 'error',
      from: { path: '^packages/core/' },
      to: { path: '^(packages/(plugins|cli|client|ui)|examples|bench)/' },
    },
    {
      name: 'plugins-never-meet',
      comment:
        'Plugins meet in a contract, a hook or an event; one that imports another cannot be left out or replaced.',
      severity: 'error',
      from: { path: '^packages/plugins/([^/]+)/' },
      to: { path: '^packages/plugins/', pathNot: '^packages/plugins/$1/' },
    },
    {
      name: 'client-knows-the-protocol',
      comment:
        'Whoever talks to Longshore needs what is said, not what says it: the client imports protocol doors only.',
      severity: 'error',
      from: { path: '^packages/client/src/' },
      to: {
        path: '^(packages|examples|bench)/',
        pathNot: [
          '^packages/client/src/',
          '^packages/(core|plugins/[^/]+)/dist/protocol(/|\\.js$)',
          '^node_modules/',
        ],
      },
    },
    {
      name: 'client-runs-in-browsers',
      comment:
        'A browser runs the client: what only Node has is behind its own door, `@longshore/client/node`.',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: '^packages/client/src/node/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'client-door-without-node',
      comment: 'The door for browsers leads to nothing of the door for Node.',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: '^packages/client/src/node/' },
      to: { path: '^packages/client/src/node/' },
    },
    {
      name: 'ui-is-a-client',
      comment:
        'The dashboard knows what every client knows: the client and what is said, nothing of what says it.',
      severity: 'error',
      from: { path: '^packages/ui/src/' },
      to: {
        path: '^(packages|examples|bench)/',
        pathNot: [
          '^packages/ui/src/',
          '^packages/client/dist/index\\.js$',
          '^packages/(core|plugins/[^/]+)/dist/protocol(/index)?\\.js$',
          '^node_modules/',
        ],
      },
    },
    {
      name: 'ui-runs-in-browsers',
      comment: 'A browser runs the dashboard: there is no Node.',
      severity: 'error',
      from: { path: '^packages/ui/src/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'ui-asks-at-two-places',
      comment: 'Only live/ knows the socket and only api/ the client: components show what they are given.',
      severity: 'error',
      from: { path: '^packages/ui/src/', pathNot: '^packages/ui/src/(api|live)/' },
      to: { path: '^packages/client/' },
    },
    {
      name: 'nothing-below-the-product',
      comment: 'The CLI assembles the product from the rest; what it is assembled from must not need it.',
      severity: 'error',
      from: { path: '^packages/(core|plugins)/' },
      to: { path: '^(packages/cli|examples|bench)/' },
    },
    {
      name: 'through-the-door',
      comment: "What a package's exports list is its promise; what lies behind may change without notice.",
      severity: 'error',
      from: { path: anyPackage },
      to: {
        path: anyPackage,
        pathNot: [
          '^$1/',
          '^packages/(core|client|cli|plugins/[^/]+)/dist/(index|protocol|(protocol|testkit|node)/index)\\.js$',
          // The crash benchmark is the crash test at length: both run the same rounds.
          '/test/(crash-rounds|deploy-crash)\\.mjs$',
        ],
      },
    },
    {
      name: 'no-tests-in-source',
      comment:
        'What is shipped must run where no test is: source imports neither tests nor the test-kit nor vitest.',
      severity: 'error',
      from: { path: '^(packages|examples)/.*src/', pathNot: testkit },
      to: { path: [testkit, '(^|/)test/', inModules('vitest')] },
    },
    {
      name: 'no-cycles',
      comment: 'Files in a circle can only be understood, loaded and replaced together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere fails at run time, and it would slip past every other wall.',
      severity: 'error',
      from: {},
      // What a tool of the build makes lies in no file.
      to: { couldNotResolve: true, pathNot: '^virtual:' },
    },
    {
      name: 'declared-where-used',
      comment:
        "A package that lives on its neighbour's dependency works here and breaks where it is installed alone.",
      severity: 'error',
      // The pages are built with all that they are made of inside.
      from: { path: '^packages/.*/src/', pathNot: '^packages/ui/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'every-library-has-a-home',
      comment: 'A new library needs a line in libraryHomes: which one file may import it.',
      severity: 'error',
      from: { path: '^packages/.*/src/', pathNot: testkit },
      to: {
        path: '(^|/)node_modules/',
        pathNot: [...Object.keys(libraryHomes), 'zod', '@types/node'].map(inModules),
      },
    },
    ...libraryRules,
  ],
  options: {
    doNotFollow: { path: ['(^|/)node_modules/', '^packages/.*/dist/'] },
    exclude: { path: '(^|/)(\\.turbo|\\.longshore|coverage)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.d.ts'],
    },
  },
}
