import { Clock, Config, definePlugin, Journal, Logger, Runtime } from '@longshore/core'
import { policies } from './config.js'
import { stepEvents } from './protocol.js'
import { Steps } from './steps.js'

/** Runs a service's commands before a deployment touches the host, and after it was found well. */
export default definePlugin({
  name: 'steps',
  needs: { runtimes: Runtime, config: Config, journal: Journal, clock: Clock, log: Logger },
  policies,
  protocol: { events: stepEvents },
  setup({ needs, hooks }) {
    const steps = new Steps(needs)
    hooks.guard.tap((plan, context) => steps.before(plan, context))
    hooks.applied.tap((plan) => steps.applied(plan))
    hooks.finish.tap((plan, context) => steps.after(plan, context))
  },
})
