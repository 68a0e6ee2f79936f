import { ref, watchEffect } from 'vue'

export const schemes = ['system', 'light', 'dark'] as const
export type Scheme = (typeof schemes)[number]

const key = 'longshore-scheme'
const system = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = ref(system.matches)
system.addEventListener('change', ({ matches }) => (systemIsDark.value = matches))

/** What a person chose, kept by this browser. */
export const scheme = ref<Scheme>(read())

/** Keeps the page in the colours that are chosen. */
export function followScheme(): void {
  watchEffect(() => {
    const isDark = scheme.value === 'dark' || (scheme.value === 'system' && systemIsDark.value)
    document.documentElement.classList.toggle('dark', isDark)
    document.documentElement.style.colorScheme = isDark ? 'dark' : 'light'
  })
  watchEffect(() => {
    try {
      localStorage.setItem(key, scheme.value)
    } catch {
      // A browser that keeps nothing shows what it was told until it is closed.
    }
  })
}

function read(): Scheme {
  try {
    const kept = localStorage.getItem(key)
    return schemes.find((each) => each === kept) ?? 'system'
  } catch {
    return 'system'
  }
}
