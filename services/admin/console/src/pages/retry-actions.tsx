import type { ReactNode } from 'react'
import type { Balance, Transfer } from '../api.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Amount } from '../ui/values.tsx'
import { useSaid } from './use-said.ts'

/** Which buttons a status has, and whether money goes out again by them; the API has the last word, under its locks. */
type Fitting = Readonly<Record<string, 'now' | 'again' | 'release'>>

const OF_BALANCE: Fitting = {
  initialized: 'now',
  payable: 'now',
  awaiting_funds: 'now',
  blocked: 'release',
  failed: 'again',
  returned: 'again',
}

const OF_TRANSFER: Fitting = { pending: 'now', retryable: 'now', failed_terminal: 'again' }

/** What an operator may do about a balance. */
export function BalanceActions({ balance }: { balance: Balance }) {
  // A change of account passes by time, or by the release of its payee.
  const fits = balance.reason === 'destination_changed' ? undefined : OF_BALANCE[balance.status]
  return (
    <RetryAction path={at`/v1/balances/${balance.id}`} fits={fits}>
      <Amount money={balance.money} /> · {balance.seller.name}
    </RetryAction>
  )
}

/** The same about a transfer; a booking's that failed has no way back but its payout. */
export function TransferActions({ transfer }: { transfer: Transfer }) {
  const fits = OF_TRANSFER[transfer.status]
  return (
    <RetryAction
      path={at`/v1/transfers/${transfer.id}`}
      fits={fits === 'again' && transfer.payoutId !== null ? undefined : fits}
    >
      <Amount money={transfer.money} /> · {transfer.userId}
    </RetryAction>
  )
}

function RetryAction({
  path,
  fits,
  children,
}: {
  path: string
  fits: Fitting[string] | undefined
  children: ReactNode
}) {
  const { t } = useSpeech()
  const said = useSaid()
  const may = useMay('operator')
  if (!may || fits === undefined) return null
  const { name, text } = {
    now: { name: t('action.tryNow'), text: t('action.tryNowText') },
    again: { name: t('action.payAgain'), text: t('action.payAgainText') },
    release: { name: t('action.release'), text: t('action.releaseText') },
  }[fits]
  return (
    <section className="buttons" aria-label={t('detail.actions')}>
      <Action
        deed={{
          ...{ name, text, said: said(name), isDangerous: fits === 'again' },
          path: `${path}/${fits === 'release' ? 'release' : 'retry'}`,
          body: (reason) => ({ reason }),
        }}
      >
        {children}
      </Action>
    </section>
  )
}
