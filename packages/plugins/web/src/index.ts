export { default } from './plugin.js'
export { WebConfig } from './config.js'
