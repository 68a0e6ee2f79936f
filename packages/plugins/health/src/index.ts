export { default } from './plugin.js'
export { HealthConfig } from './config.js'
export { Series } from './series/series.js'
