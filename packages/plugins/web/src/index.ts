export { default } from './plugin.js'
export { WebConfig } from './config.js'
export { addressOf, lackingIn } from './listen.js'
