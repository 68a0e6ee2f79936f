import { describe } from 'vitest'
import { gateOutcomes } from './gates.js'

describe('the gate of a command', () => {
  gateOutcomes({
    run: { kind: 'command', up: ['sh', 'app.sh'], keepAlive: true },
    good: (version) => ({ 'app.sh': 'exec sleep 1000\n', version }),
    crashing: (version) => ({ 'app.sh': 'sleep 1.5\nexit 3\n', version }),
    running: async (longshore) =>
      longshore
        .processes()
        .filter(({ command }) => command.startsWith('sleep 1000'))
        .map(({ env }) => env['LONGSHORE_COMMIT']!),
  })
})
