/** One sentence of a contract's law, as something to run: it rejects when the law is broken. */
export interface Law {
  name: string
  run(): Promise<void>
}
