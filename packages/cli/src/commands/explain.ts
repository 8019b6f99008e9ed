import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, inPath, openApi, usesApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { asJson, money, moneyText, plain, table, timeText } from '../text.ts'

const explanation = z.looseObject({
  subject: z.looseObject({
    type: z.string(),
    id: z.string(),
    title: z.string(),
    status: z.string().nullable(),
    money: money.nullable(),
  }),
  amount: z.array(z.looseObject({ label: z.string(), money })),
  story: z.array(z.looseObject({ at: z.string(), text: z.string() })),
  next: z.looseObject({ who: z.string(), text: z.string() }),
  links: z.array(z.looseObject({ type: z.string(), id: z.string(), label: z.string() })),
})

/** `remesa explain ID`: why it is so much, what happened, whose move is next. */
export const explainCommands = (context: Context): Command =>
  usesApi(
    new Command('explain')
      .description('Why an amount is what it is, what happened to it, and whose move is next.')
      .argument(
        '<id>',
        'of a seller, winner, provider, balance, document, settlement, transfer, booking, payout or customer’s payment, ours or the other side’s',
      ),
  )
    .addHelpText('after', HELP)
    .action(async (id: string, options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get(`/v1/explain/${inPath(id)}`, explanation)
      context.out(options.json ? asJson(answer) : asText(context, answer))
    })

function asText({ colours }: Context, { subject, amount, story, next, links }: z.output<typeof explanation>): string {
  const state = [subject.status, subject.money && moneyText(subject.money)].filter(Boolean).join(', ')
  const part = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', colours.bold(title), ...lines]
  return [
    `${colours.bold(plain(subject.title))}: ${plain(state)}`,
    colours.dim(`${plain(subject.type)} ${plain(subject.id)}`),
    ...part(
      'Why it is so much',
      amount.length === 0
        ? []
        : [
            table(
              ['', '>amount'],
              amount.map((line) => [line.label, moneyText(line.money)]),
            ),
          ],
    ),
    ...part(
      'What happened',
      story.map(({ at, text }) => `${timeText(at)}  ${plain(text)}`),
    ),
    ...part('What is next', [`${next.who === 'nobody' ? '' : `${plain(next.who)}: `}${plain(next.text)}`]),
    ...part(
      'See also',
      links.map(({ type, id, label }) => `${plain(type)} ${plain(id)}  ${plain(label)}`),
    ),
  ].join('\n')
}

const HELP = `
${exitCodes({ 0: 'it is explained' })}

Examples:
  remesa explain 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22     a balance, by our id
  remesa explain VB-1042                                  a document of NetSuite’s
  remesa explain tr_1Nabc --json                          a transfer, by Stripe’s id
  remesa explain pi_3Nabc                                 what a customer paid`
