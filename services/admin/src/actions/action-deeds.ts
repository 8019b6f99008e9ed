import { isRepaymentStillAsked, payBalanceAgain } from '@remesa/database/balance-repayments'
import { isDebtStillOwed, settleApprovedDebt } from '@remesa/database/receivable-settlements'
import { isImportStillAsked, storeApprovedImport } from '@remesa/database/settlement-import-approvals'
import { isTransferRepaymentStillAsked, payTransferAgain } from '@remesa/database/transfer-repayments'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Deed } from '../controls/deed.ts'

/** How what two people agreed to about one balance, transfer, debt or import is done. */
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
  settlement_import: {
    isStillAsked: isImportStillAsked,
    async act(tx, approval) {
      const ids = await storeApprovedImport(tx, approval)
      await enqueue(
        tx,
        topics.settlementCompleted,
        ids.map((settlementId) => ({ data: { settlementId } })),
      )
    },
  },
} as const satisfies Readonly<Record<string, Deed>>
