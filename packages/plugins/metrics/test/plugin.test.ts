import {
  Contributions,
  definePlugin,
  type Metric,
  type Plugin,
  type StreamReply,
  type Tell,
} from '@longshore/core'
import { routeRequest, startTestKernel, verifyPlugin, type TestKernel } from '@longshore/core/testkit'
import metrics from '@longshore/metrics'
import { afterEach, describe, expect, it } from 'vitest'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(metrics as Plugin)) it(name, run)
})

let kernel: TestKernel | undefined
afterEach(async () => {
  await kernel?.stop()
  kernel = undefined
})

const gauge = { name: 'longshore_moons', help: 'Moons', type: 'gauge' } as const

/** A kernel with a plugin that declares these, whose page was asked for; answers how to tell their values. */
async function start(...declared: Metric[]): Promise<Tell[]> {
  let tells: Tell[] = []
  const moons = definePlugin({
    name: 'moons',
    setup: ({ metrics: { add } }) => void (tells = declared.map((metric) => add(metric))),
  })
  kernel = await startTestKernel({ plugins: [moons, metrics as Plugin] })
  await page()
  return tells
}

async function page(): Promise<string> {
  const { handler } = kernel!.kernel.get(Contributions).routes.find(({ shape }) => shape.path === '/metrics')!
  const { chunks } = (await handler(routeRequest({}))) as StreamReply
  let text = ''
  for await (const chunk of chunks) text += String(chunk)
  return text
}

/** The lines of one metric that bear a value. */
const values = (text: string, name: string) =>
  text.split('\n').filter((line) => new RegExp(`^${name}(?:_bucket|_sum|_count)?[ {]`).test(line))

describe('what a plugin declares', () => {
  it('is looked at when somebody asks, each time', async () => {
    let count = 1
    const look = () => [{ value: count, labels: { phase: 'full' } }]
    await start({ ...gauge, labels: ['phase'], look })
    expect(values(await page(), 'longshore_moons')).toEqual(['longshore_moons{phase="full"} 1'])
    count = 2
    expect(values(await page(), 'longshore_moons')).toEqual(['longshore_moons{phase="full"} 2'])
  })

  it('leaves the page with what it was of', async () => {
    let phases = ['new', 'full']
    const look = () => phases.map((phase) => ({ value: 1, labels: { phase } }))
    const counter = { name: 'longshore_tides_total', help: 'Tides', type: 'counter' } as const
    await start({ ...gauge, labels: ['phase'], look }, { ...counter, labels: ['phase'], look })
    expect(values(await page(), 'longshore_(?:moons|tides_total)')).toHaveLength(4)
    phases = ['full']
    expect(values(await page(), 'longshore_(?:moons|tides_total)')).toEqual([
      'longshore_moons{phase="full"} 1',
      'longshore_tides_total{phase="full"} 1',
    ])
  })

  it('is counted and put into buckets as it is told', async () => {
    const [count, observe, set] = await start(
      { name: 'longshore_tides_total', help: 'Tides', type: 'counter', labels: ['kind'] },
      { name: 'longshore_tide_duration_seconds', help: 'How long', type: 'histogram', buckets: [1, 10] },
      gauge,
    )
    count!(1, { kind: 'high' })
    count!(2, { kind: 'high' })
    for (const seconds of [0.5, 5, 50]) observe!(seconds)
    set!(7)
    const text = await page()
    expect(values(text, 'longshore_tides_total')).toEqual(['longshore_tides_total{kind="high"} 3'])
    expect(values(text, 'longshore_tide_duration_seconds')).toEqual([
      'longshore_tide_duration_seconds_bucket{le="1"} 1',
      'longshore_tide_duration_seconds_bucket{le="10"} 2',
      'longshore_tide_duration_seconds_bucket{le="+Inf"} 3',
      'longshore_tide_duration_seconds_sum 55.5',
      'longshore_tide_duration_seconds_count 3',
    ])
    expect(values(text, 'longshore_moons')).toEqual(['longshore_moons 7'])
  })

  it('cannot break the page by what its labels say', async () => {
    await start({
      ...gauge,
      labels: ['phase'],
      look: () => [{ value: 1, labels: { phase: 'a"} 1\nlongshore_evil 1\\', unknown: 'x' } }],
    })
    const text = await page()
    expect(values(text, 'longshore_evil')).toEqual([])
    expect(values(text, 'longshore_moons')).toEqual([
      'longshore_moons{phase="a\\"} 1\\nlongshore_evil 1\\\\"} 1',
    ])
  })

  it('has at most a thousand values of a label, and what comes after is counted together', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => ({ service: `s${index}` }))
    const [tell] = await start(
      { name: 'longshore_tides_total', help: 'Tides', type: 'counter', labels: ['service'] },
      { ...gauge, labels: ['service'], look: () => many.map((labels) => ({ value: 1, labels })) },
    )
    for (const labels of many) tell!(1, labels)
    tell!(1, many[0])
    const text = await page()
    for (const name of ['longshore_tides_total', 'longshore_moons']) {
      expect(values(text, name)).toHaveLength(1_001)
      expect(text).toContain(`${name}{service="other"} 500`)
    }
    expect(text).toContain('longshore_tides_total{service="s0"} 2')
  })

  it('is missing and counted when it fails, and the rest is there', async () => {
    const look = () => {
      throw new Error('clouds')
    }
    await start({ ...gauge, look }, { ...gauge, name: 'longshore_suns', look: () => [{ value: 1 }] })
    await page()
    const text = await page()
    expect(values(text, 'longshore_moons')).toEqual([])
    expect(values(text, 'longshore_suns')).toEqual(['longshore_suns 1'])
    expect(text).toMatch(/^longshore_metrics_failed_total\{metric="longshore_moons"\} [123]$/m)
  })

  it('is looked at once for all who ask at the same time', async () => {
    let looks = 0
    await start({ ...gauge, look: () => [{ value: ++looks }] })
    looks = 0
    const pages = await Promise.all(Array.from({ length: 20 }, page))
    expect(new Set(pages).size).toBe(1)
    expect(looks).toBe(1)
  })

  it('stands beside what Node says of the process, each name once', async () => {
    await start()
    const text = await page()
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
    ])
      expect(text).toContain(`# TYPE ${name} `)
    const names = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('a metric', () => {
  it.each([
    ['another name', { name: 'moons' }],
    ['capitals', { name: 'longshore_Moons' }],
    ['a unit that is none', { name: 'longshore_tide_milliseconds' }],
    ['the ending of a counter', { name: 'longshore_moons_total' }],
    ['the ending of a part', { name: 'longshore_moons_count' }],
    ['nothing to say', { help: ' ' }],
    ['two lines to say', { help: 'Moons\n# TYPE evil gauge' }],
    ['a label that is none', { labels: ['moon phase'] }],
    ['a label of Prometheus', { labels: ['instance'] }],
    ['labels with their values', { labels: { phase: ['full'] } as never }],
    ['buckets', { buckets: [1] }],
    ['a counter without its ending', { type: 'counter' }],
    ['a histogram without a unit', { type: 'histogram', buckets: [1] }],
    ['a histogram without buckets', { type: 'histogram', name: 'longshore_tide_seconds' }],
    ['buckets that fall', { type: 'histogram', name: 'longshore_tide_seconds', buckets: [2, 1] }],
    [
      'a histogram that is looked at',
      { type: 'histogram', name: 'longshore_tide_seconds', buckets: [1], look: () => [] },
    ],
  ] as const)('with %s is refused before anything starts', async (_, wrong) => {
    await expect(start({ ...gauge, ...wrong })).rejects.toMatchObject({ code: 'METRIC_INVALID' })
  })

  it('of a name that is taken is refused', async () => {
    await expect(start(gauge, gauge)).rejects.toMatchObject({ code: 'METRIC_TWICE' })
    const counter = { ...gauge, name: 'longshore_moons_total', type: 'counter' } as const
    await expect(start(gauge, counter)).rejects.toMatchObject({ code: 'METRIC_TWICE' })
  })
})
