import { createRouter, createWebHistory, type RouteLocationRaw } from 'vue-router'
import { lookWhoIsHere, me } from './session/session.js'

/** Pages for who is not signed in: without the frame. */
const outside = { outside: true }

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'overview', component: () => import('./pages/OverviewPage.vue') },
    { path: '/services', name: 'services', component: () => import('./pages/ServicesPage.vue') },
    { path: '/events', name: 'events', component: () => import('./pages/EventsPage.vue') },
    { path: '/sign-in', name: 'sign-in', meta: outside, component: () => import('./pages/SignInPage.vue') },
    { path: '/setup', name: 'set-up', meta: outside, component: () => import('./pages/SetUpPage.vue') },
    { path: '/link', name: 'link', meta: outside, component: () => import('./pages/LinkPage.vue') },
    { path: '/:rest(.*)*', name: 'unknown', component: () => import('./pages/UnknownPage.vue') },
  ],
})

router.beforeEach(async ({ meta, fullPath }): Promise<RouteLocationRaw | undefined> => {
  if (meta['outside']) return undefined
  // A server that does not answer shows itself on the page.
  const known = me.value ?? (await lookWhoIsHere().catch(() => undefined))
  return known === null ? { name: 'sign-in', query: fullPath === '/' ? {} : { to: fullPath } } : undefined
})
