export { default } from './plugin.js'
export { CommandRun } from './config.js'
