import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import tseslint from 'typescript-eslint'

/** Node 20 forgets a timeout that only `AbortSignal.any` listens to. */
const noLostTimeout = {
  object: 'AbortSignal',
  property: 'timeout',
  message: 'Use deadline() of the core: see why there.',
}

/** What is any must be parsed or narrowed before it is used: at the edge that is Zod's work. */
const unsafe = ['argument', 'assignment', 'call', 'member-access', 'return'].map(
  (use) => `@typescript-eslint/no-unsafe-${use}`,
)

/** An AbortSignal's reason is typed as any, and passing it on is right. */
const reasons = { allowThrowingAny: true, allowThrowingUnknown: true }

/**
 * Rules that find bugs; what only concerns looks is Prettier's.
 * @type {import('eslint').Linter.RulesRecord}
 */
const typescriptRules = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/ban-ts-comment': 'error',
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/no-array-delete': 'error',
  '@typescript-eslint/no-base-to-string': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
  '@typescript-eslint/only-throw-error': ['error', reasons],
  '@typescript-eslint/prefer-promise-reject-errors': ['error', reasons],
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  'no-unused-vars': 'off',
}

/**
 * What comes from outside is text: nothing is ever put into the page as markup. How a template is broken into lines is
 * Prettier's.
 * @type {import('eslint').Linter.RulesRecord}
 */
const vueRules = {
  'max-lines': ['error', 250],
  'vue/no-v-html': 'error',
  'vue/html-indent': 'off',
  'vue/html-self-closing': 'off',
  'vue/html-closing-bracket-newline': 'off',
  'vue/max-attributes-per-line': 'off',
  'vue/singleline-html-element-content-newline': 'off',
  'vue/multiline-html-element-content-newline': 'off',
  'vue/require-default-prop': 'off',
}

const noOwnMocks = {
  selector: 'CallExpression[callee.object.name="vi"][callee.property.name=/^(mock|doMock|hoisted)$/]',
  message:
    'Tests run the real modules: give the code a fake from the test-kit instead of replacing a module.',
}

export default defineConfig(
  { ignores: ['**/dist/', '**/node_modules/', '**/.turbo/', '**/.longshore/', '.quickstart/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  tseslint.configs.eslintRecommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 50],
      'no-console': 'error',
      'no-constructor-return': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-unreachable-loop': 'error',
      // It cannot follow values through closures and loops, and reports what is right.
      'no-useless-assignment': 'off',
    },
  },
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: { ...typescriptRules, ...Object.fromEntries(unsafe.map((rule) => [rule, 'error'])) },
  },
  ...vue.configs['flat/recommended'].map((config) => ({ ...config, files: ['packages/ui/**/*.vue'] })),
  {
    files: ['packages/ui/**/*.vue'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        parser: tseslint.parser,
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: { ...typescriptRules, ...vueRules },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: globals.nodeBuiltin },
  },
  {
    files: ['packages/cli/**', 'examples/**', 'bench/**', 'scripts/**', '**/test/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['packages/**/src/**'],
    rules: { 'no-restricted-properties': ['error', noLostTimeout] },
  },
  {
    // A describe callback holds many tests; the house's budget test measures functions here and leaves those out.
    files: ['**/test/**'],
    rules: { 'max-lines-per-function': 'off', 'no-restricted-syntax': ['error', noOwnMocks] },
  },
  {
    // A test may look into an answer without parsing it first: when it is wrong about it, it fails.
    files: ['**/test/**/*.ts'],
    rules: Object.fromEntries(unsafe.map((rule) => [rule, 'off'])),
  },
)
