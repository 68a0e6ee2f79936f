export { readLines, type LineQuery } from './read.js'
export { LineLog, type LineLogOptions } from './write.js'
