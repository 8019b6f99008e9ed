/**
 * Every package's tests in one run, in plain Node: modules are loaded once per process and not once per file
 * (docs/decisions/0030). Real PostgreSQL, one server per run, started by globalSetup.
 */
const testing = '<rootDir>/packages/database/src/testing'

export default {
  runner: 'jest-light-runner/child-process',
  setupFiles: [`${testing}/test-process.ts`],
  transform: {},
  testMatch: ['<rootDir>/packages/*/{src,test}/**/*.test.ts', '<rootDir>/services/*/{src,test}/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.remesa/'],
  globalSetup: `${testing}/global-setup.ts`,
  globalTeardown: `${testing}/global-teardown.ts`,
  testSequencer: `${testing}/slowest-first.js`,
  maxWorkers: 3, // tests of whole stacks wait for half of their time
}
