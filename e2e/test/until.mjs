/**
 * Looks until the answer is truthy, and answers it. Rejects when a look throws something else than that nobody answers
 * yet, or when it is too late.
 * @template T
 * @param {string} what
 * @param {number} milliseconds
 * @param {() => T | Promise<T>} look
 * @returns {Promise<T>}
 */
export async function until(what, milliseconds, look) {
  const end = performance.now() + milliseconds
  while (performance.now() < end) {
    const answer = await look()
    if (answer) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${what}: not in ${milliseconds / 1000} s`)
}
