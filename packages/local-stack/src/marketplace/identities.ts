import { normaliseTaxId, type TaxIdScheme } from '@remesa/domain/tax-id'
import type { Random } from './random.ts'

type Words = readonly [string, ...string[]]

const TRADES: Words = [
  'Comercial',
  'Importadora',
  'Distribuidora',
  'Textiles',
  'Calzados',
  'Muebles',
  'Ferretería',
  'Electrónica',
  'Juguetería',
  'Librería',
  'Óptica',
  'Perfumería',
  'Deportes',
  'Tecnologías',
  'Vestuario',
  'Artesanías',
]
const PLACES: Words = [
  'Ñuble',
  'Los Andes',
  'Aconcagua',
  'del Pacífico',
  'Maipú',
  'Chiloé',
  'Arequipa',
  'Miraflores',
  'Cusco',
  'Trujillo',
  'Medellín',
  'Chapinero',
  'del Cauca',
  'Antioquia',
  'La Serena',
  'Puerto Montt',
  '"El Cóndor"',
  '"La Esquina"',
]
const FAMILIES: Words = [
  'Díaz',
  'Soto',
  'Muñoz',
  'Quispe',
  'Mamani',
  'Peña',
  'Fuentes',
  'Restrepo',
  'Gómez',
  'Rojas',
  'Núñez',
  'Ibáñez',
  "O'Higgins",
  'Salazar',
  'Vargas',
  'Echeverría',
]
const FORMS: Readonly<Record<string, Words>> = {
  cl: ['SpA', 'Ltda.', 'S.A.', 'E.I.R.L.'],
  pe: ['S.A.C.', 'E.I.R.L.', 'S.R.L.', 'S.A.'],
  co: ['S.A.S.', 'Ltda.', 'S.A.', 'S. en C.'],
}
const LOCAL_FORMS: Words = ['S.A.']

/** A company's name as it stands in a register: accents, commas, quotes and ampersands are daily business. */
export function localName(random: Random, country: string): string {
  const form = random.pick(FORMS[country] ?? LOCAL_FORMS)
  const family = random.pick(FAMILIES)
  switch (random.whole(1, 10)) {
    case 1:
      return `${family}, ${random.pick(FAMILIES)} y Cía. ${form}`
    case 2:
      return `${family} & Hijos ${form}`
    case 3:
      return `${random.pick(TRADES)} ${family} ${form}`
    default:
      return `${random.pick(TRADES)} ${random.pick(PLACES)} ${form}`
  }
}

const FOREIGN_PLACES: Words = [
  'Shenzhen',
  'Yiwu',
  'Guangzhou',
  'Ningbo',
  'Seoul',
  'Austin',
  'Lisboa',
  'Łódź',
  'São Paulo',
]
const FOREIGN_TRADES: Words = ['Brightway', 'Golden Bridge', 'Evergreen', 'Northwind', 'Silk Road', 'Nova', 'Bluefin']
const FOREIGN_FORMS: Words = ['Trading Co., Ltd.', 'Electronics Ltd.', 'Imports LLC', 'Apparel Inc.', 'Commerce Lda.']

export const foreignName = (random: Random): string =>
  `${random.pick(FOREIGN_PLACES)} ${random.pick(FOREIGN_TRADES)} ${random.pick(FOREIGN_FORMS)}`

const SCHEMES: Readonly<Record<string, TaxIdScheme>> = { cl: 'RUT', pe: 'RUC', co: 'NIT' }

/**
 * A tax id with the right check digit, in the spellings that registers use; different for each seller.
 * @param sellerNumber - below ten million
 */
export function localTaxId(
  random: Random,
  { country, sellerNumber }: { country: string; sellerNumber: number },
): string {
  // Multiples of a number, modulo a prime it does not share: ids far apart, and none twice.
  const body = (sellerNumber * 104_729) % 9_999_991
  switch (SCHEMES[country]) {
    case 'RUT': {
      const id = withCheckDigit('RUT', String(70_000_000 + body))
      return random.chance(0.2) ? id.replace(/^(\d\d)(\d{3})(\d{3})/, '$1.$2.$3') : id
    }
    case 'RUC':
      return withCheckDigit('RUC', `20${String(10_000_000 + body).padStart(8, '0')}`)
    case 'NIT':
      return withCheckDigit('NIT', String(900_000_000 + body))
    default: // a country whose scheme nobody checks
      return `21${String(body).padStart(10, '0')}`
  }
}

export const foreignTaxId = (random: Random): string =>
  random.chance(0.5)
    ? `91${random.whole(100_000, 999_999)}MA${random.whole(10_000_000, 99_999_999)}`
    : `${random.whole(10, 99)}-${random.whole(1_000_000, 9_999_999)}`

function withCheckDigit(scheme: TaxIdScheme, body: string): string {
  for (const digit of '0123456789K') {
    const id = normaliseTaxId(scheme, body + digit)
    if (id !== undefined) return id
  }
  throw new Error(`no check digit makes a ${scheme} of ${body}`)
}
