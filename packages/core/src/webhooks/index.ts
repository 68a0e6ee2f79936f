export { eventName, isNoCommit, readPayload, readPush, type Payload, type PushReading } from './payload.js'
export { isHexSigned, isSecret, isStandardSigned, unsigned } from './signature.js'
export { forgeSection, postStatus, type StatusCall } from './statuses.js'
