import { isRepaymentStillAsked, payBalanceAgain } from '@remesa/database/balance-repayments'
import { isDebtStillOwed, settleApprovedDebt } from '@remesa/database/receivable-settlements'
import { isTransferRepaymentStillAsked, payTransferAgain } from '@remesa/database/transfer-repayments'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Deed } from '../controls/deed.ts'

/** How what two people agreed to about one balance, transfer or debt is done. */
export const ACTION_DEEDS = {
  balance_repayment: {
    isStillAsked: isRepaymentStillAsked,
    async act(tx, approval, now) {
      await payBalanceAgain(tx, approval, now)
      await enqueue(tx, topics.paySellerBalance, [{ data: { sellerBalanceId: approval.subjectId } }])
    },
  },
  transfer_repayment: {
    isStillAsked: isTransferRepaymentStillAsked,
    async act(tx, approval, now) {
      await payTransferAgain(tx, approval, now)
      await enqueue(tx, topics.payoutTransfer, [{ data: { payoutTransferId: approval.subjectId } }])
    },
  },
  debt_settlement: {
    isStillAsked: isDebtStillOwed,
    act: settleApprovedDebt,
  },
} as const satisfies Readonly<Record<string, Deed>>
