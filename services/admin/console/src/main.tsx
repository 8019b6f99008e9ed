import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import { voiceOf } from './i18n/voices.ts'
import { LanguageProvider } from './language.tsx'
import { showTheme, storedLanguage, storedTheme } from './preferences.ts'
import { queryClient } from './queries.ts'
import { router } from './routes.tsx'
import { Session } from './session.tsx'
import './styles/tokens.css'
import './styles/shell.css'
import './styles/controls.css'
import './styles/content.css'
import './styles/tables.css'
import './styles/today.css'
import { Announcements } from './ui/announcements.tsx'

showTheme(storedTheme())
const voice = await voiceOf(storedLanguage())

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <LanguageProvider first={voice}>
      <QueryClientProvider client={queryClient}>
        <Announcements>
          <Session>
            <RouterProvider router={router} />
          </Session>
        </Announcements>
      </QueryClientProvider>
    </LanguageProvider>
  </StrictMode>,
)
