import type { ReactNode } from 'react'

import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { type Money, majorUnits, readAmount } from '../money.ts'
import { Action } from '../ui/action.tsx'
import type { Written } from '../ui/dialog-field.tsx'
import { useSaid } from './use-said.ts'

/** The currency that was written into a dialog's field of that name. */
export const codeOf = ({ currency = '' }: Written): string => currency.trim().toUpperCase()

/** The amount that was written beside it, in minor units; undefined when it is none. */
export const amountOf = (written: Written): string | undefined => readAmount(written.amount ?? '', codeOf(written))

/**
 * Changes and removes an amount that payments are held to: a cap, or a rule of plans.
 * @param path - of all of them; `holdsFor` names this one where it is set anew
 */
export function LimitActions({
  limit,
  path,
  holdsFor,
  change,
  remove,
  children,
}: {
  limit: Money & { readonly id: string }
  path: '/v1/caps' | '/v1/plan-rules'
  holdsFor: object
  change: { readonly name: string; readonly text: string }
  remove: { readonly name: string; readonly text: string }
  children: ReactNode
}) {
  const { t } = useSpeech()
  const said = useSaid()
  const { currency } = limit
  const newAmount = (written: Written) => amountOf({ ...written, currency })
  return (
    <div className="buttons">
      <Action
        deed={{
          ...{ ...change, path, method: 'PUT', said: said(change.name) },
          fields: [{ name: 'amount', label: `${t('field.amount')}, ${currency}`, initial: majorUnits(limit) }],
          wrong: (written) => (newAmount(written) === undefined ? t('field.minMaxNeedCurrency') : undefined),
          body: (reason, written) => ({ ...holdsFor, currency, reason, amount: newAmount(written) }),
        }}
      >
        {children}
      </Action>
      <Action
        deed={{
          ...{ ...remove, method: 'DELETE', said: said(remove.name), isDangerous: true },
          path: path + at`/${limit.id}`,
          body: (reason) => ({ reason }),
        }}
      >
        {children}
      </Action>
    </div>
  )
}
