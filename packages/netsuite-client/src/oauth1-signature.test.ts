import { expect, test } from '@jest/globals'
import { encodeRfc3986, oauth1Header } from './oauth1-signature.ts'

const CREDENTIALS = { consumerKey: 'ckey', consumerSecret: 'c!s&ecret', tokenId: 'tid', tokenSecret: 't*secret' }
const REQUEST = { realm: '1234567_SB1', timestamp: 1_763_640_000, nonce: 'abc123' }

/** The signatures below were made with another language's HMAC over base strings that were encoded by hand. */
const signatureIn = (header: string) => /oauth_signature="([^"]+)"/.exec(header)?.[1]

test('a query is signed with its parameters among the sorted oauth ones', () => {
  const url = 'https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql?limit=1000&offset=0'
  const header = oauth1Header({ ...REQUEST, method: 'POST', url }, CREDENTIALS)
  expect(header).toBe(
    'OAuth realm="1234567_SB1",oauth_consumer_key="ckey",oauth_token="tid",oauth_signature_method="HMAC-SHA256",' +
      'oauth_timestamp="1763640000",oauth_nonce="abc123",oauth_version="1.0",' +
      'oauth_signature="TrgaTIYc87JVlkDu9Ykxpqex2TgNi5yWlOB7yEUqu%2B8%3D"',
  )
})

test('special characters, repeated names, names that sort before oauth, and a port are signed as RFC 5849 says', () => {
  const query = '?q=email%20IS%20%22a%40b.c%22&b=(1)!&a=2&a=1*&%C3%B1=%E2%82%AC'
  const url = `http://LOCALHOST:8123/services/rest/record/v1/vendor/eid%3AX${query}`
  const header = oauth1Header({ ...REQUEST, method: 'get', url }, CREDENTIALS)
  expect(signatureIn(header)).toBe(encodeRfc3986('JwxFdKAwNsiyAicdQoLYtfYz/DW0bn+XIxbyHrMUPZo='))
})

test('a default port is not signed, the realm is not signed, the nonce is', () => {
  const sign = (facts: object) => {
    const url = 'https://a.example/x'
    return signatureIn(oauth1Header({ ...REQUEST, method: 'GET', url, ...facts }, CREDENTIALS))
  }
  expect(sign({ url: 'https://a.example:443/x' })).toBe(sign({}))
  expect(sign({ realm: 'OTHER' })).toBe(sign({}))
  expect(sign({ nonce: 'other' })).not.toBe(sign({}))
})

test('all but the unreserved characters are percent-encoded', () => {
  expect(encodeRfc3986("aZ09-._~ !'()*&=+/%ñ€😀")).toBe(
    'aZ09-._~%20%21%27%28%29%2A%26%3D%2B%2F%25%C3%B1%E2%82%AC%F0%9F%98%80',
  )
})
