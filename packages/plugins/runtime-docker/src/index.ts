export { default } from './plugin.js'
export { ImageRun } from './config.js'
