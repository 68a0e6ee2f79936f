export { closeSources, lastOf, LiveLines, mergeLines, sourceOf, type LineSource } from './merge.js'
export { readLines, type LineQuery } from './read.js'
export { LineLog, type LineLogOptions } from './write.js'
