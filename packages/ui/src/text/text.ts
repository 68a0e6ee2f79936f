import { computed } from 'vue'
import { chosen } from '../facts/chosen.js'
import { de } from './de.js'
import { en, type Text } from './en.js'
import { sayings as deSayings } from './events.de.js'
import { sayings as enSayings } from './events.en.js'
import type { Sayings } from './sayings.js'

const catalogues = { en, de } satisfies Record<string, Text>
const said = { en: enSayings, de: deSayings }
export type Language = keyof typeof catalogues
export const languages = Object.keys(catalogues) as Language[]

/** The first of the browser's languages that there is, until a person chooses. */
const usual = navigator.languages.map((each) => each.slice(0, 2)) as Language[]
export const language = chosen(
  'longshore-language',
  languages,
  usual.find((each) => languages.includes(each)) ?? 'en',
)

/** Every word that the page says of its own. */
export const text = computed<Text>(() => catalogues[language.value])

/** What each kind of event says. */
export const sayings = computed<Sayings>(() => said[language.value])
