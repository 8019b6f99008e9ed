import Sequencer from '@jest/test-sequencer'

/**
 * Whole stacks first, then services, then packages: two cores end together when what is long begins early.
 * JavaScript, since the declarations of the class it extends are those of a CommonJS module that it is not.
 */
export default class SlowestFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests)
    return sorted.toSorted((a, b) => rank(a.path) - rank(b.path))
  }
}

const ORDER = ['/packages/local-stack/test/', '/services/']
const rank = (path) => {
  const found = ORDER.findIndex((part) => path.includes(part))
  return found < 0 ? ORDER.length : found
}
