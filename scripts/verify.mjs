import { provision, shouldAsk } from './provision.mjs'
import { clearReports, tally } from './test-report.mjs'
import { runTurbo } from './turbo.mjs'

/*
 * `npm run verify`: all that CI runs, with nothing skipped. `npm test` is the same for the tests alone, on the machine as it is.
 * Both end with the totals alone on a line.
 */
const testsOnly = process.argv.includes('--tests-only')
const tasks = testsOnly ? ['test'] : ['build', 'typecheck', 'lint', 'walls', 'test']

if (!testsOnly && !(await provision({ ask: shouldAsk() }))) process.exit(1)
clearReports()
const code = await runTurbo(
  ['run', ...tasks, '--continue=dependencies-successful', '--output-logs=new-only'],
  testsOnly ? {} : { LONGSHORE_REQUIRE: 'all' },
)
const { passed, failed, skipped, unread } = tally()
for (const { test, why } of skipped) console.log(`skipped: ${test} because ${why}`)
for (const name of unread) console.log(`unread: ${name} left no report of its tests`)
for (const { test, why } of failed) console.log(`failed: ${test}\n${why.replace(/^/gm, '  ')}`)
if (code !== 0) console.log(`a task failed; its output is above`)
console.log(`${passed} passed, ${failed.length} failed`)
const green = code === 0 && failed.length === 0 && unread.length === 0 && (testsOnly || skipped.length === 0)
process.exitCode = green ? 0 : 1
