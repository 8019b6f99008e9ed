/** Every package's tests in one run: real PostgreSQL, one server per run, started by globalSetup. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }] },
  testMatch: ['<rootDir>/packages/*/{src,test}/**/*.test.ts', '<rootDir>/services/*/{src,test}/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.remesa/'],
  globalSetup: '<rootDir>/packages/database/src/testing/global-setup.ts',
  globalTeardown: '<rootDir>/packages/database/src/testing/global-teardown.ts',
  maxWorkers: 2,
  testTimeout: 30_000,
}
