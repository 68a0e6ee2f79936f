/**
 * Characters that steer a terminal, turn text around, end lines or are not seen at all. A tab and a new line are none of
 * them, nor are the sixteen that only choose how the one before is drawn: emoji are written with those.
 */
export const hidden = /(?![\t\n]|[\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** The text with each of them shown as JSON may write it, `\u202e`: what is JSON still means the same. */
export function showHidden(text: string): string {
  return text.replace(hidden, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
