import { needs } from '@longshore/core/testkit'
import { withEngine } from '../engine.mjs'
import { hookCommand, pushCommand } from '../pushes/command.mjs'
import { pushCompose } from '../pushes/compose.mjs'
import { pushImage } from '../pushes/image.mjs'

export default {
  about:
    'From a commit that is known (`commit.seen`) to what it runs, by `longshore serve`: a command beside `git checkout` and a bare spawn, a container beside create and start by the API, a compose project beside `docker compose up -d`, with and without `docker` between. A process runs when the journal says so, a container when the engine does, ours and the bare one alike. Where there is no webhook the whole way from the push holds the wait for the next look (every 500 ms), so it is a row of its own; by webhook the whole way is measured, the fetch too, beside the same by hand.',
  async run(bench) {
    await pushCommand(bench)
    await hookCommand(bench)
    await withEngine(bench, 'image, compose', async (engine) => {
      await pushImage(bench, engine)
      const compose = needs('compose')
      if (compose.skip) bench.skip({ name: 'compose', why: compose.why })
      else await pushCompose(bench, engine)
    })
  },
}
