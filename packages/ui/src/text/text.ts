import { computed, ref, watchEffect } from 'vue'
import { de } from './de.js'
import { en, type Text } from './en.js'
import { sayings as deSayings } from './events.de.js'
import { sayings as enSayings } from './events.en.js'
import type { Sayings } from './sayings.js'

const catalogues = { en, de } satisfies Record<string, Text>
const said = { en: enSayings, de: deSayings }
export type Language = keyof typeof catalogues
export const languages = Object.keys(catalogues) as Language[]

const key = 'longshore-language'

/** What a person chose, else the first of the browser's languages that there is. */
export const language = ref<Language>(read())
watchEffect(() => {
  try {
    localStorage.setItem(key, language.value)
  } catch {
    // A browser that keeps nothing asks its own settings again.
  }
})

/** Every word that the page says of its own. */
export const text = computed<Text>(() => catalogues[language.value])

/** What each kind of event says. */
export const sayings = computed<Sayings>(() => said[language.value])

function read(): Language {
  const wanted = [kept(), ...navigator.languages.map((each) => each.slice(0, 2))]
  return languages.find((each) => wanted.includes(each)) ?? 'en'
}

function kept(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
