import type { Sentences } from './dictionary.ts'

/** Why a message was set aside, or a service's metrics cannot be read: what machines say to the on-call. */
export const esTroubles: Sentences = {
  'delivered {count} times without an answer': 'entregado {count} veces sin respuesta',
  'unreadable: {what}': 'ilegible: {what}',
  'the handler gave no verdict': 'el manejador no dio un veredicto',
  'no payment of ours at {rail} has the reference {id}': 'ningún pago nuestro en {rail} tiene la referencia {id}',
  'GSC sent another closing for this settlement, or this seller and date':
    'GSC envió otro cierre para esta liquidación, o para este vendedor y fecha',
  'GSC does not know the seller {id}': 'GSC no conoce al vendedor {id}',
  'there is no settlement {id}': 'no existe la liquidación {id}',
  'there is no booking {id}': 'no existe la reserva {id}',
  'there is no seller {id}': 'no existe el vendedor {id}',
  'an end without a start': 'un fin sin inicio',
  '{end} is not after {start}': '{end} no es posterior a {start}',
  '{code} is not a payable ISO 4217 currency': '{code} no es una moneda ISO 4217 en la que se pague',
  '{code} is no currency that we know': '{code} no es una moneda que conozcamos',
  '{amount} {code} cannot be sent: Stripe moves whole multiples of {unit} only':
    'no se puede enviar {amount} {code}: Stripe solo mueve múltiplos enteros de {unit}',
  'booking {id} was completed otherwise before': 'la reserva {id} ya se completó de otra forma',
  'booking {id} named another account before': 'la reserva {id} ya nombró otra cuenta',
  'dispute {id} refunds another currency than {currency}': 'la disputa {id} reembolsa otra moneda que {currency}',
  'dispute {id} refunds {currency} of a booking in {other}':
    'la disputa {id} reembolsa {currency} de una reserva en {other}',
  'the business date {date} is not over yet in {zone}': 'la fecha de pago {date} aún no termina en {zone}',
  '{what} belongs to booking {id}, not {other}': '{what} es de la reserva {id}, no de {other}',
  'tip {id} is of nothing': 'la propina {id} es de cero',
  'not read yet': 'aún sin leer',
  'status {status}': 'estado HTTP {status}',
  'too large': 'demasiado grande',
  'no metrics': 'sin métricas',
  unreachable: 'sin conexión',
}
