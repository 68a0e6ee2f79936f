#!/usr/bin/env node
// npm links a command only to a file that is there when it installs, and dist is built after that.
import { runProcess } from '../dist/command/longshore.js'

await runProcess()
