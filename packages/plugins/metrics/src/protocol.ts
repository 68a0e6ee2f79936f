import { shape } from '@longshore/core/protocol'

export const metricsRoutes = {
  metrics: shape({
    method: 'GET',
    path: '/metrics',
    root: true,
    summary: 'What Longshore knows of itself, for Prometheus',
    right: 'metrics:read',
    produces: ['text/plain'],
  }),
} as const
