import type { PaymentInstruction, PaymentOutcome, ProviderFacts, Rail, RailContract } from '@remesa/domain/rail'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { z } from 'zod'
import { type AccountFacts, accountFacts, accountSchema } from './account.ts'
import { outcomeOf, outcomeOfLookUp, readErrorOf } from './outcome.ts'
import { factsOf, failed, garbled, isReplayed, read } from './stripe-answer.ts'
import { connectStripe, type StripeOptions } from './stripe-connection.ts'
import { createStripeReversals } from './stripe-reversals.ts'
import {
  outcomeOfGroup,
  outcomeOfTransfer,
  parametersFor,
  statusOf,
  type Transfer,
  type TransferFacts,
  transferFacts,
  transferSchema,
} from './transfer.ts'

export interface StripeRail extends Rail {
  /** `pay`, by Stripe's word for it. */
  createTransfer(instruction: PaymentInstruction): Promise<PaymentOutcome>
  /**
   * Every transfer of a group, those taken back included, newest first.
   * @throws ProviderError when they cannot all be read
   */
  findTransferByGroup(transferGroup: string): Promise<readonly TransferFacts[]>
  /**
   * What an account may receive now.
   * @returns `not-found` for one that does not exist or is not connected to us
   * @throws ProviderError when it cannot be read
   */
  getAccount(accountId: string): Promise<AccountFacts | 'not-found'>
  /** Takes back what transfers moved, within the same limits; `close` closes it, too. */
  readonly reversals: Rail
  close(): void
}

/** Transfers to connected accounts. The rail holds connections open: call `close` when done. */
export function createStripeRail(options: StripeOptions): StripeRail {
  const { stripe, close } = connectStripe(options)

  async function pay(instruction: PaymentInstruction): Promise<PaymentOutcome> {
    const parameters = parametersFor(instruction)
    if (!parameters) {
      return { kind: 'declined_for_good', reason: 'amount_not_payable', category: 'request', facts: { status: 0 } }
    }
    const { idempotencyKey } = instruction
    const answer = await stripe.transfers.create(parameters, { idempotencyKey }).catch(outcomeOf)
    if ('kind' in answer) return answer
    const facts = factsOf(answer)
    const transfer = transferSchema.safeParse(answer)
    if (!transfer.success) return { kind: 'unknown', reason: 'garbled', facts }
    return outcomeOfTransfer(isReplayed(answer) ? await asItIsNow(transfer.data) : transfer.data, instruction, facts)
  }

  /** Stripe's memory of a key shows the transfer as it was made; it may have been taken back since. */
  async function asItIsNow(transfer: Transfer): Promise<Transfer> {
    try {
      return await getTransfer(transfer.id)
    } catch (error) {
      if (error instanceof ProviderError) return transfer // it was made, that is certain; the rest is told by its status
      throw error
    }
  }

  async function getTransfer(id: string): Promise<Transfer> {
    return read(transferSchema, 'get transfer', await stripe.transfers.retrieve(id).catch(failed('get transfer')))
  }

  async function listGroup(transferGroup: string): Promise<{ transfers: readonly Transfer[]; facts: ProviderFacts }> {
    const transfers: Transfer[] = []
    for (;;) {
      const after = transfers.at(-1)?.id
      const answer = await stripe.transfers.list({
        transfer_group: transferGroup,
        limit: 100,
        ...(after !== undefined && { starting_after: after }),
      })
      const page = read(transferPage, FIND, answer)
      transfers.push(...page.data)
      if (!page.has_more) return { transfers, facts: factsOf(answer) }
      if (page.data.length === 0) throw garbled(FIND, answer, 'more of nothing')
    }
  }

  return {
    name: 'stripe',
    contract,
    pay,
    createTransfer: pay,
    async find(instruction) {
      try {
        const { transfers, facts } = await listGroup(instruction.payableId)
        return outcomeOfGroup(transfers, instruction, facts)
      } catch (error) {
        return outcomeOfLookUp(error, FIND)
      }
    },
    status: async (reference) => statusOf(await getTransfer(reference)),
    async findTransferByGroup(transferGroup) {
      const { transfers } = await listGroup(transferGroup).catch(failed(FIND))
      return transfers.map(transferFacts)
    },
    async getAccount(accountId) {
      const operation = 'get account'
      try {
        return accountFacts(read(accountSchema, operation, await stripe.accounts.retrieve(accountId)))
      } catch (error) {
        const failure = readErrorOf(error, operation)
        // An account that is not connected to us, or no more, is refused with 403: as good as none.
        if (failure.code === 'resource_missing' || failure.code === 'account_invalid') return 'not-found'
        throw failure
      }
    },
    reversals: createStripeReversals(stripe),
    close,
  }
}

const FIND = 'find transfers'

const contract: RailContract = {
  keyLifetime: Temporal.Duration.from({ hours: 24 }), // at least so long (facts: stripe §4)
  replaysRefusals: true,
  settles: 'at-once',
  reversible: true,
  lookUp: 'by-group',
}

const transferPage = z.object({ object: z.literal('list'), data: z.array(transferSchema), has_more: z.boolean() })
