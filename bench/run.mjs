import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { Bench, machine, verdict } from './frame.mjs'

/** `npm run bench`: the short form of every benchmark. `npm run bench -- <name>…`: those in full, kept in RESULTS.md. */
const folder = new URL('./benchmarks/', import.meta.url)
const results = new URL('./RESULTS.md', import.meta.url)
const known = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -4))
  .sort()
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no benchmark is named ${unknown.join(', ')}; there are: ${known.join(', ')}`)
  process.exit(2)
}

const full = asked.length > 0
console.log(machine())
for (const name of full ? asked : known) {
  const { default: benchmark } = await import(new URL(`${name}.mjs`, folder).href)
  console.log(`\n${name}${full ? '' : ' (short form)'}: ${benchmark.about}`)
  const bench = new Bench({ full })
  try {
    await benchmark.run(bench)
  } finally {
    bench.close()
  }
  if (full) keep(name, benchmark.about, bench)
}

/** Replaces the benchmark's own section; the others stay as they are. */
function keep(name, about, { rows, fewest }) {
  const begin = `<!-- ${name} -->`
  const end = `<!-- end of ${name} -->`
  const lines = rows.map(
    (row) => `| ${[row.name, row.ours, row.reference, row.ratio, verdict(row)].join(' | ')} |`,
  )
  const section = [
    begin,
    '',
    `## ${name}`,
    '',
    `${about}`,
    '',
    `${machine()}; ${Number.isFinite(fewest) ? `medians of ${fewest} or more alternating rounds where there is a reference; ` : ''}load average ${loadavg()[0].toFixed(1)} at the end; ${new Date().toISOString().slice(0, 10)}.`,
    '',
    '<!-- prettier-ignore-start -->',
    '| what | ours | reference | ours / reference | target |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '<!-- prettier-ignore-end -->',
    '',
    end,
  ].join('\n')
  const text = read()
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  const next =
    from < 0
      ? `${text.trimEnd()}\n\n${section}\n`
      : text.slice(0, from) + section + text.slice(to + end.length)
  writeFileSync(results, next)
}

function read() {
  try {
    return readFileSync(results, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return '# Results\n\nWhat `npm run bench -- <name>` measured last. Ratios hold between machines, absolute figures do not.\n'
  }
}
