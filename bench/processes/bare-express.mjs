import { readFileSync } from 'node:fs'
import express from 'express'

/** A route that answers, as express does it, what lies in a file of JSON; the path names the file. */
const [, , socket, ...files] = process.argv
const app = express()
for (const [number, file] of files.entries()) {
  const answer = JSON.parse(readFileSync(file, 'utf8'))
  app.get(`/${number}`, (_, response) => response.json(answer))
}
app.get('/', (_, response) => response.end())
app.listen(socket)
