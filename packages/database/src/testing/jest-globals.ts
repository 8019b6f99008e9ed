// What `@jest/globals` is in a test process (see test-process.ts).
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } =
  globalThis as unknown as typeof import('@jest/globals')
