import { setTimeout as sleep } from 'node:timers/promises'
import { processTerminal } from '@longshore/cli'
import { Story } from './story.mjs'

/*
 * A bad commit at three in the morning, and a vulnerable one in the morning after. Needs Docker; DOCKER_HOST names another
 * engine, and BASE another image with busybox (busybox:1.36). With --json the last line holds what was measured.
 */
const terminal = processTerminal()
const json = process.argv.includes('--json')
const say = (/** @type {string} */ text) => terminal.print(text)
const options = {
  base: process.env['BASE'] ?? 'busybox:1.36',
  docker: process.env['DOCKER_HOST'],
  port: Number(process.env['PORT'] ?? 8088),
  staging: Number(process.env['STAGING_PORT'] ?? 8089),
}
const short = (/** @type {string} */ sha) => sha.slice(0, 7)
const ms = (/** @type {string} */ time) => Date.parse(time)

/** @param {string} sha @param {string} outcome @returns {(event: any) => boolean} */
const settled = (sha, outcome) => (event) =>
  event.kind === 'deployment.settled' &&
  event.service === 'shop' &&
  event.commit === sha &&
  event.data.outcome === outcome

/** Somebody who asks has the page, before the story goes on. */
async function answered(story, page, after) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(20)) {
    const at = story.client.first(page, after)
    if (at !== undefined) return at
  }
  throw new Error(`nobody was answered "${page}"`)
}

/** @param {Story} story */
async function night(story) {
  const good = await story.push('good')
  await story.event(settled(good.sha, 'kept'), 0)
  await answered(story, 'one', 0)
  say(`${short(good.sha)} runs: somebody asks for its page twenty times a second from now on.`)

  const bad = await story.push('bad')
  say(`${short(bad.sha)} is pushed. It will fall over five seconds after it was started.`)
  const failed = await story.event(
    (event) =>
      (event.commit === bad.sha && event.kind === 'check.unhealthy') ||
      (event.kind === 'instance.exited' && event.service === 'shop' && event.data.exitCode === 3),
    bad.seq,
  )
  const barred = await story.event((event) => event.kind === 'quarantine.placed', bad.seq)
  const back = await story.event((event) => settled(good.sha, 'kept')(event), barred.seq)
  const again = await answered(story, 'one', ms(failed.time))
  const rollback = { milliseconds: ms(back.time) - ms(failed.time), answered: again - ms(failed.time) }
  const asked = story.client.between(bad.at, ms(back.time))
  say(`It fell over, was barred by the system (${barred.why}) and rolled back:`)
  say(
    `  ${rollback.answered} ms after its first failed verdict the old page was answered, ${rollback.milliseconds} ms after it was kept.`,
  )
  say(
    `  Asked ${asked.asked} times, ${asked.errors} without an answer; the longest while without one: ${asked.longest} ms.`,
  )
  for (const line of barred.data.evidence ?? []) say(`  | ${line}`)
  return { rollback, asked, barred }
}

/** @param {Story} story */
async function morning(story) {
  const fix = await story.push('fix')
  await story.event(settled(fix.sha, 'kept'), fix.seq)
  await answered(story, 'three', fix.at)
  say(`${short(fix.sha)} holds the fix: it is newer, so it was let in, and it is kept.`)

  const vulnerable = await story.push('vulnerable')
  await story.event(settled(vulnerable.sha, 'kept'), vulnerable.seq)
  await answered(story, 'four', vulnerable.at)
  say(`${short(vulnerable.sha)} is healthy, and everybody may read the orders.`)
  const at = Date.now()
  const { seq } = await story.quarantine(vulnerable.sha, 'everybody may read the orders')
  const page = await answered(story, 'three', at)
  const back = await story.event(settled(fix.sha, 'kept'), seq)
  const started = await story.event(
    ({ kind, commit, data }) =>
      kind === 'deployment.entered' && commit === fix.sha && data.phase === 'verifying',
    seq,
  )
  const begun = await story.event(
    ({ kind, commit }) => kind === 'deployment.queued' && commit === fix.sha,
    seq,
  )
  const quarantine = { answered: page - at, start: ms(started.time) - ms(begun.time) }
  say(
    `It is quarantined for the whole repository: ${quarantine.answered} ms later ${short(fix.sha)} answers again.`,
  )
  return { quarantine, vulnerable: vulnerable.sha, fix: fix.sha, seq: back.seq }
}

/** Whoever brings it once more is told who barred it, and why. */
async function again(story, { vulnerable, fix, seq }) {
  const refused = (service) => (event) =>
    event.kind === 'commit.refused' && event.service === service && event.commit === vulnerable
  await story.point('staging', vulnerable)
  const other = await story.event(refused('shop-staging'), seq)
  say(`On another branch: refused, ${other.data.reason}`)
  const next = await story.point('main', fix)
  await story.event(
    (event) => event.kind === 'commit.seen' && event.service === 'shop' && event.commit === fix,
    next,
  )
  await story.point('main', vulnerable)
  const force = await story.event(refused('shop'), next)
  say(`By force push: refused, ${force.data.reason}`)
  const { running } = await story.placement()
  const staging = await story.placement('shop-staging')
  return {
    branch: other.data,
    force: force.data,
    runs: running.commit.sha === fix,
    staging: staging.running === undefined,
  }
}

const story = await Story.begin(options)
try {
  const first = await night(story)
  const second = await morning(story)
  const third = await again(story, second)
  say('Nothing else was done by hand.')
  if (json) say(JSON.stringify({ ...first, quarantine: second.quarantine, again: third }))
} finally {
  await story.close()
}
