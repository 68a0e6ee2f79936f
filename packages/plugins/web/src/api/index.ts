import type { SetupContext } from '@longshore/core'
import { coreRoutes } from '@longshore/core/protocol'
import { listCommits } from './commits.js'
import { cancelDeployment, deploymentOutput, listDeployments, showDeployment } from './deployments.js'
import { listEvents, streamEvents } from './events.js'
import { showInfo, showOverview, tellReady } from './host.js'
import type { ApiParts } from './parts.js'
import { actOn, bar, lift, listServices, showService } from './services.js'
import { showDiff } from './diff.js'
import { quarantineWhere, showPlan, showWhere, stopWhere } from './where.js'

/** Adds the handlers of the core's routes, by the door that every plugin uses for its own. */
export function addCoreRoutes(
  { add }: SetupContext<unknown, Record<never, never>>['routes'],
  parts: ApiParts,
): void {
  add(coreRoutes.livez, async () => ({ ok: true as const }))
  add(coreRoutes.readyz, tellReady(parts))
  add(coreRoutes.info, showInfo(parts))
  add(coreRoutes.overview, showOverview(parts))
  add(coreRoutes.services, listServices(parts))
  add(coreRoutes.service, showService(parts))
  add(coreRoutes.deploy, actOn('deploy', parts))
  add(coreRoutes.start, actOn('start', parts))
  add(coreRoutes.stop, actOn('stop', parts))
  add(coreRoutes.restart, actOn('restart', parts))
  add(coreRoutes.rollback, actOn('rollback', parts))
  add(coreRoutes.quarantine, bar(parts))
  add(coreRoutes.lift, lift(parts))
  add(coreRoutes.pin, actOn('pin', parts))
  add(coreRoutes.unpin, actOn('unpin', parts))
  add(coreRoutes.where, showWhere(parts))
  add(coreRoutes.stopWhere, stopWhere(parts))
  add(coreRoutes.quarantineWhere, quarantineWhere(parts))
  add(coreRoutes.plan, showPlan(parts))
  add(coreRoutes.diff, showDiff(parts))
  add(coreRoutes.commits, listCommits(parts))
  add(coreRoutes.deployments, listDeployments(parts))
  add(coreRoutes.deployment, showDeployment(parts))
  add(coreRoutes.output, deploymentOutput(parts))
  add(coreRoutes.cancel, cancelDeployment(parts))
  add(coreRoutes.events, listEvents(parts))
  add(coreRoutes.eventStream, streamEvents(parts))
}
