export { default } from './plugin.js'
export { DockerfileRun, ImageRun } from './config.js'
