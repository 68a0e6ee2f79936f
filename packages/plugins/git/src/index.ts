export { default } from './plugin.js'
export { GitConfig, Limits } from './config.js'
