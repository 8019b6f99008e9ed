import Sequencer from '@jest/test-sequencer'

/**
 * What is longest first, since two cores end together only when that begins early. Then, in turn, what waits for most of
 * its time (stacks of a few processes, clients and their time-outs) and what computes: tests that wait all at once leave
 * the cores idle.
 * JavaScript, since the declarations of the class it extends are those of a CommonJS module that it is not.
 */
export default class SlowestFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests)
    const { long = [], waits = [], computes = [] } = Object.groupBy(sorted, ({ path }) => kindOf(path))
    return [...long.sort((a, b) => placeOf(a.path) - placeOf(b.path)), ...inTurn(waits, computes)]
  }
}

const LONGEST = [
  'local-stack/test/console',
  'local-stack/test/pay-day',
  'local-stack/test/settlements',
  'payouts/test/processes',
  'payouts/test/booking-processes',
  'local-stack/test/bookings-faults',
]
const THAT_WAIT = /\/packages\/(cli|database|local-stack|messaging|pubsub-emulator|sandbox|service-kit|stripe-client)\//

const placeOf = (path) => LONGEST.findIndex((name) => path.endsWith(`/${name}.test.ts`))

function kindOf(path) {
  if (placeOf(path) >= 0) return 'long'
  return THAT_WAIT.test(path) ? 'waits' : 'computes'
}

/** Both lists, each in its order, spread evenly over one another. */
function inTurn(some, others) {
  const placed = (list) => list.map((one, index) => ({ one, at: (index + 0.5) / list.length }))
  return [...placed(some), ...placed(others)].sort((a, b) => a.at - b.at).map(({ one }) => one)
}
