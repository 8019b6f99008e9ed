import type { Database } from '@remesa/database/connection'
import type { SlackRefusal } from '@remesa/domain/alert-matter'
import { tellOfSlackRefusal, tellThatSlackTakes } from '@remesa/messaging/slack-refusal-alerts'

/** Slack was given up for a while: whoever is on call hears of it by PagerDuty, since the channel shows nothing. */
export async function noteSlackRefusal(database: Database, refusal: SlackRefusal): Promise<void> {
  await database.transaction().execute((tx) => tellOfSlackRefusal(tx, refusal))
}

/** Slack took a message: an incident about its refusals is over. */
export async function noteSlackTaken(database: Database, now: Date): Promise<void> {
  await database.transaction().execute((tx) => tellThatSlackTakes(tx, now))
}
