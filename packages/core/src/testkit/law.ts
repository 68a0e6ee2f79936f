/** One sentence of a contract's law, as something to run: it rejects when the law is broken. */
export interface Law {
  name: string
  run(): Promise<void>
}

/** How a suite states a law: its sentence, and a body that is given a subject of its own. */
export type State<Subject> = (name: string, body: (subject: Subject) => Promise<void>) => Law

/** Each law gets a subject of its own, which is closed whatever comes of the law. */
export function lawsOf<Subject extends { close(): Promise<void> }>(
  make: () => Promise<Subject>,
): State<Subject> {
  return (name, body) => ({
    name,
    async run() {
      const subject = await make()
      try {
        await body(subject)
      } finally {
        await subject.close()
      }
    },
  })
}
