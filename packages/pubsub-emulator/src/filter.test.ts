import { expect, test } from '@jest/globals'
import { parseFilter } from './filter.ts'

const EN_COM = { lang: 'en', domain: 'com' }

test.each<[string, Record<string, string>, boolean]>([
  ['attributes:lang', EN_COM, true],
  ['attributes:other', EN_COM, false],
  ['attributes.lang = "en"', EN_COM, true],
  ['attributes.lang="es"', EN_COM, false],
  ['attributes.lang != "es"', EN_COM, true],
  ['attributes.lang != "en"', EN_COM, false],
  ['attributes.missing != "en"', EN_COM, true],
  ['hasPrefix(attributes.domain, "co")', EN_COM, true],
  ['hasPrefix(attributes.domain,"or")', EN_COM, false],
  ['hasPrefix(attributes.missing, "")', EN_COM, false],
  ['NOT attributes:lang', EN_COM, false],
  ['-attributes:lang', EN_COM, false],
  ['NOT NOT attributes:lang', EN_COM, true],
  ['attributes:lang AND attributes.domain = "com"', EN_COM, true],
  ['attributes:lang AND NOT attributes.domain = "com"', EN_COM, false],
  ['attributes:other OR attributes:lang', EN_COM, true],
  ['attributes:a OR attributes:b OR attributes:lang', EN_COM, true],
  ['(attributes:a OR attributes:lang) AND attributes.domain = "com"', EN_COM, true],
  ['NOT (attributes:lang OR attributes:a)', EN_COM, false],
  ['  attributes : lang  ', EN_COM, true],
  ['attributes."iana.org/language_tag" = "en"', { 'iana.org/language_tag': 'en' }, true],
  ['attributes:"みんな"', { みんな: '1' }, true],
  ['attributes.ce-type = "a"', { 'ce-type': 'a' }, true],
  [
    'attributes.quote = "say \\"hi\\" \\\\ \\u00e9 \\x41 \\101 \\U0001F600\\n"',
    { quote: 'say "hi" \\ é A A 😀\n' },
    true,
  ],
  ['attributes:constructor', {}, false],
  ['attributes.AND = "x"', { AND: 'x' }, true],
])('%s of %j is %s', (text, attributes, expected) => {
  expect(parseFilter(text)(attributes)).toBe(expected)
})

test.each([
  ['attributes', '":" or "."'],
  ['attributes.lang', 'the end'],
  ['attributes.lang == "en"', '= at character 18'],
  ['attributes.lang = en', 'en at character 19'],
  ['attributes.lang = "en', 'unexpected " at character 19'],
  ["attributes.lang = 'en'", "unexpected ' at character 19"],
  ['attributes:a AND attributes:b OR attributes:c', 'OR at character 31'],
  ['(attributes:a', '")"'],
  ['attributes:a)', ') at character 13'],
  ['attributes:a and attributes:b', 'and at character 14'],
  ['hasSuffix(attributes.a, "x")', 'hasSuffix at character 1'],
  ['"attributes":a', '"attributes" at character 1'],
  ['data = "x"', 'data at character 1'],
  ['AND', 'AND at character 1'],
  ['attributes.a = "\\UFFFFFFFF"', 'no such character'],
  [' ', 'the end'],
])('%s is refused, saying where it goes wrong', (text, place) => {
  expect(() => parseFilter(text)).toThrow(place)
})

test('a filter has at most 256 bytes', () => {
  const filterOf = (bytes: number) => `attributes.k = "${'x'.repeat(bytes - 17)}"`
  expect(filterOf(256)).toHaveLength(256)
  expect(parseFilter(filterOf(256))({})).toBe(false)
  expect(() => parseFilter(filterOf(257))).toThrow('256 bytes')
})
