import { Config, definePlugin, Flow, GitProvider, HostInfo, Journal, Storage } from '@longshore/core'
import { placementKey } from '@longshore/core/protocol'
import { approve, policyOf } from './approve.js'
import { DeployPolicy } from './config.js'
import { approvalProtocol, approvalRoutes, approvalSlice, type Approval } from './protocol.js'

/** With `deploy: manual` a commit waits until a person has approved it. */
export default definePlugin({
  name: 'admit-approval',
  policies: { deploy: DeployPolicy },
  protocol: approvalProtocol,
  needs: { config: Config, flow: Flow, journal: Journal, git: GitProvider, host: HostInfo, storage: Storage },
  setup({ needs, hooks, routes }) {
    const { config, storage } = needs
    hooks.admit.tap(async ({ sha }, { service, host }, { trigger }) => {
      // What was kept once and is gone back to was let in before.
      if (trigger === 'rollback' || policyOf(config, service) === 'auto') return undefined
      const approvals = await storage.get<Approval[]>(approvalSlice.name, placementKey(service, host))
      if (approvals?.some((each) => each.sha === sha)) return undefined
      const how = `longshore approve ${service} ${sha.slice(0, 7)}`
      return {
        code: 'APPROVAL_WAITED',
        reason: `nobody has approved it yet: ${how}`,
        waits: true,
      }
    })
    routes.add(approvalRoutes.approve, approve(needs))
  },
})
