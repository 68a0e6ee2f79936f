export { default } from './plugin.js'
export { WebConfig } from './config.js'
export { loopbackAddress } from './listen.js'
