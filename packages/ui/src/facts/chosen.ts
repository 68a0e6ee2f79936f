import { ref, watchEffect, type Ref } from 'vue'

/** What a person chose of some words, kept by this browser; `usual` until they did. */
export function chosen<T extends string>(key: string, words: readonly T[], usual: T): Ref<T> {
  const choice = ref(words.find((each) => each === kept(key)) ?? usual) as Ref<T>
  watchEffect(() => {
    try {
      localStorage.setItem(key, choice.value)
    } catch {
      // A browser that keeps nothing shows what it was told until it is closed.
    }
  })
  return choice
}

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
