import { addIcon } from '@iconify/vue'
import { init } from 'virtual:nuxt-ui-icons'

/**
 * Makes the icons of the bundle known. The kit's own plugin would do so too, and put a style into the page for its colours,
 * which a page with a strict policy may not have: they stand in tokens.css.
 */
export function bringIcons(): void {
  init((name, data) => addIcon(name, data))
}
