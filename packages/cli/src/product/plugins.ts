import type { Plugin } from '@longshore/core'

/** The plugins that every Longshore has without being asked, loaded when they are wanted. */
export async function builtInPlugins(): Promise<Plugin[]> {
  const doors = await Promise.all([
    import('@longshore/secrets-local'),
    import('@longshore/storage-lmdb'),
    import('@longshore/git'),
    import('@longshore/git-github'),
    import('@longshore/git-gitlab'),
    import('@longshore/git-gitea'),
    import('@longshore/git-bitbucket'),
    import('@longshore/runtime-command'),
    import('@longshore/runtime-docker'),
    import('@longshore/telemetry'),
    import('@longshore/health'),
    import('@longshore/hooks'),
    // Of several reasons to wait, the first is told.
    import('@longshore/admit-signers'),
    import('@longshore/admit-freeze'),
    import('@longshore/admit-approval'),
    import('@longshore/admit-windows'),
    import('@longshore/steps'),
    import('@longshore/auth'),
    import('@longshore/auth-oidc'),
    import('@longshore/metrics'),
    import('@longshore/dashboard'),
    import('@longshore/web'),
  ])
  const { operations } = await import('./operations.js')
  return [...doors.map(({ default: plugin }) => plugin as Plugin), operations]
}
