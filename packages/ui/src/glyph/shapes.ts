import type { Outcome, StateWord } from '@longshore/core/protocol'

/** What a shape is drawn of, in a grid of 16. `cut` is taken out of what is filled. */
export interface Shape {
  fill?: string
  line?: string
  /** Of `line`: dashes. */
  dash?: string
  cut?: string
  /** Only from 13 px on: smaller it would be a speck. */
  cutLarge?: boolean
  /** A piece that is moving. */
  turns?: string
  colour: string
}

const check = 'M5.2 8.2l2 2 3.6-4'
const ring = 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5'
const triangle =
  'M8 1.6c.5 0 .9.25 1.15.65l5.6 10.2c.5.9-.15 1.95-1.15 1.95H2.4c-1 0-1.65-1.05-1.15-1.95l5.6-10.2c.25-.4.65-.65 1.15-.65z'

/** The eight states: each has an outline of its own, so that nothing rests on colour. */
export const stateShapes: Record<StateWord, Shape> = {
  healthy: { fill: 'M8 2a6 6 0 1 1 0 12A6 6 0 1 1 8 2', cut: check, cutLarge: true, colour: '--ls-healthy' },
  deploying: { line: ring, turns: 'M8 1.75a6.25 6.25 0 0 1 6.25 6.25', colour: '--ls-deploying' },
  failing: { fill: triangle, cut: 'M8 6v3.4M8 11.6v.1', colour: '--ls-failing' },
  quarantined: {
    fill: 'M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z',
    cut: 'M4.8 8h6.4',
    colour: '--ls-quarantined',
  },
  held: {
    fill: 'M3.2 1.8h9.6c.8 0 1.4.6 1.4 1.4v9.6c0 .8-.6 1.4-1.4 1.4H3.2c-.8 0-1.4-.6-1.4-1.4V3.2c0-.8.6-1.4 1.4-1.4z',
    cut: 'M6.2 5.2v5.6M9.8 5.2v5.6',
    colour: '--ls-held',
  },
  waiting: { fill: 'M8 .9l7.1 7.1L8 15.1.9 8z', cut: 'M8 7.95v.1', colour: '--ls-waiting' },
  drift: { line: ring, fill: 'M8 1.75a6.25 6.25 0 0 1 0 12.5z', colour: '--ls-drift' },
  unknown: { line: ring, dash: '2.6 2.3', colour: '--ls-unknown' },
}

/** How a deployment ended; without an outcome it is in motion. */
export const outcomeShapes: Record<Outcome, Shape> = {
  kept: { ...stateShapes.healthy, cutLarge: false },
  rolledBack: {
    line: ring,
    cut: '',
    fill: 'M4.4 8l3.2-2.6v1.8h1.6a2.4 2.4 0 0 1 0 4.8H7.4v-1.3h1.8a1.1 1.1 0 0 0 0-2.2H7.6v1.9z',
    colour: '--ls-failing',
  },
  failed: stateShapes.failing,
  refused: { line: `${ring}M3.6 12.4l8.8-8.8`, colour: '--ls-held' },
  superseded: { line: `${ring}M5.2 5.6L7.6 8l-2.4 2.4M8.4 5.6L10.8 8l-2.4 2.4`, colour: '--ls-unknown' },
  cancelled: { line: `${ring}M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4`, colour: '--ls-unknown' },
  interrupted: {
    line: ring,
    dash: '2.6 2.3',
    fill: 'M8.8 4L5.4 8.7h2.2L7.2 12l3.4-4.7H8.4z',
    colour: '--ls-unknown',
  },
}

/** What needs nobody, or says nothing, has no tint. */
export function isQuiet(state: StateWord): boolean {
  return state === 'healthy' || state === 'unknown'
}
