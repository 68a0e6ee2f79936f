import { ref, watchEffect } from 'vue'
import { chosen } from '../facts/chosen.js'

export const schemes = ['system', 'light', 'dark'] as const

const system = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = ref(system.matches)
system.addEventListener('change', ({ matches }) => (systemIsDark.value = matches))

export const scheme = chosen('longshore-scheme', schemes, 'system')

/** Keeps the page in the colours that are chosen. */
export function followScheme(): void {
  watchEffect(() => {
    const isDark = scheme.value === 'dark' || (scheme.value === 'system' && systemIsDark.value)
    document.documentElement.classList.toggle('dark', isDark)
    document.documentElement.style.colorScheme = isDark ? 'dark' : 'light'
  })
}
