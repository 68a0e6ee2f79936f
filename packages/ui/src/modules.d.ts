declare module 'virtual:nuxt-ui-icons' {
  import type { IconifyIcon } from '@iconify/vue'

  export function init(add: (name: string, data: IconifyIcon) => void): void
}

/** For tools that know no templates; the type checker reads the files themselves. */
declare module '*.vue' {
  import type { Component } from 'vue'

  const component: Component
  export default component
}
