export { eventName, isNoCommit, notDeployed, readPayload, refRemoved, type Payload } from './payload.js'
export { isHexSigned, isSecret, isStandardSigned, unsigned } from './signature.js'
export { forgeSection, postStatus, type StatusCall } from './statuses.js'
