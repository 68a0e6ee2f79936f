export { tokenRoutes, userRoutes } from './account-routes.js'
export { authProtocol } from './events.js'
export { Me, Role, Session, Token, User } from './names.js'
export { sessionRoutes } from './session-routes.js'
