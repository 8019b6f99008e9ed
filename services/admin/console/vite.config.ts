import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { securityHeaders } from '../src/security-headers.ts'

/** Where `vite dev` finds an API; without one it answers with made-up data of its own. */
const api = process.env.ADMIN_URL

export default defineConfig(async ({ command }) => ({
  plugins: [
    react(),
    // Loaded for the development server alone, so that nothing made up can reach a build.
    command === 'serve' && !api ? (await import('./dev/fake-api.ts')).fakeApi() : null,
  ],
  build: {
    target: 'es2023',
    cssTarget: ['chrome125', 'firefox128', 'safari18'], // light-dark() and nesting stay as they are written
    assetsInlineLimit: 0, // no data: addresses, so that the content security policy needs none
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // `vite preview` shows the built pages under the policy that the service serves them with.
  preview: { headers: { ...securityHeaders('http://localhost') } },
  server: api ? { proxy: { '/v1': api, '/auth': api } } : {},
}))
