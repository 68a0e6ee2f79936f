export { default } from './plugin.js'
export { Step } from './config.js'
