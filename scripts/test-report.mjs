import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

/**
 * What a package's test run came to; it lies in the package's folder, is an output for turbo, and so counts in cached runs too.
 * @typedef {{ passed: number, failed: { test: string, why: string }[], skipped: { test: string, why: string }[] }} TestReport
 */

const file = 'test-report.json'
const root = fileURLToPath(new URL('..', import.meta.url))

/** A vitest reporter: its own JSON reporter says neither why a test was skipped nor what broke outside of tests. */
export default class TestReporter {
  /** @param {import('vitest/node').Vitest} vitest */
  onInit(vitest) {
    this.root = vitest.config.root
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {TestReport} */
    const report = { passed: 0, failed: [], skipped: [] }
    const fail = (/** @type {string} */ test, /** @type {readonly unknown[]} */ errors) =>
      report.failed.push({ test, why: errors.map(whyFailed).join('\n') })
    for (const error of unhandledErrors) fail('outside of tests', [error])
    for (const module of modules) {
      const file = module.relativeModuleId
      for (const error of module.errors()) fail(file, [error])
      for (const suite of module.children.allSuites())
        for (const error of suite.errors()) fail(`${file} > ${suite.fullName}`, [error])
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') report.passed++
        else if (result.state === 'skipped')
          report.skipped.push({ test: test.fullName, why: whySkipped(test) })
        else fail(`${file} > ${test.fullName}`, result.errors ?? [])
      }
    }
    writeFileSync(join(this.root ?? '.', file), JSON.stringify(report, null, 2) + '\n')
  }
}

/**
 * What it says, what was expected, and where.
 * @param {unknown} error
 */
function whyFailed(error) {
  const { message, diff, stacks } =
    /** @type {{ message?: string, diff?: string, stacks?: { file: string, line: number }[] }} */ (error)
  const at = stacks?.map(({ file, line }) => `at ${relative(root, file)}:${line}`) ?? []
  return [message ?? String(error), ...(diff ? [stripVTControlCharacters(diff)] : []), ...at].join('\n')
}

/** @param {import('vitest/node').TestCase} test */
function whySkipped(test) {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  /** @type {import('vitest/node').TestCase | import('vitest/node').TestSuite | import('vitest/node').TestModule} */
  let at = test
  while (at.type !== 'module') {
    const meta = /** @type {{ why?: string }} */ (at.meta())
    if (meta.why) return meta.why
    at = at.parent
  }
  return note ?? 'the test says not why'
}

/** Removes the reports of earlier runs, so that none of them is counted by mistake. */
export function clearReports() {
  for (const { folder } of testedPackages()) rmSync(join(folder, file), { force: true })
}

/**
 * Adds the reports of all packages up.
 * @returns {TestReport & { unread: string[] }} unread: packages whose report is missing or unreadable
 */
export function tally() {
  /** @type {TestReport & { unread: string[] }} */
  const total = { passed: 0, failed: [], skipped: [], unread: [] }
  for (const { name, folder } of testedPackages()) {
    try {
      const report = /** @type {TestReport} */ (JSON.parse(readFileSync(join(folder, file), 'utf8')))
      const { passed, failed, skipped } = report
      if (!Number.isInteger(passed) || !Array.isArray(skipped)) throw new Error('not a report')
      total.passed += passed
      total.failed.push(...failed.map(({ test, why }) => ({ test: `${name}: ${test}`, why })))
      total.skipped.push(...skipped)
    } catch {
      total.unread.push(name)
    }
  }
  return total
}

/** The workspaces that have tests. */
function testedPackages() {
  /** @type {string[]} */
  const patterns = readPackage('.').workspaces
  const folders = patterns.flatMap((pattern) =>
    pattern.endsWith('/*') && existsSync(join(root, pattern.slice(0, -2)))
      ? readdirSync(join(root, pattern.slice(0, -2))).map((name) => pattern.replace('*', name))
      : [pattern],
  )
  return folders
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder: join(root, folder), ...readPackage(folder) }))
    .filter((workspace) => workspace.scripts?.test !== undefined)
}

/** @param {string} folder from the root */
function readPackage(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}
