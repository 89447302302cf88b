// A wallet of the Baseline profile by openid-client: authorization code with PKCE and authorization details, refresh,
// introspection, revocation. `tests/foreign/run` starts the exchange.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { consent } from './owner.mjs'

const issuer = new URL(process.env.ISSUER)
const redirect_uri = 'http://127.0.0.1:49152/callback'
const config = await client.discovery(
  issuer,
  'example-wallet',
  undefined,
  client.ClientSecretBasic('sandbox-secret-of-example-wallet'),
  { algorithm: 'oauth2', timeout: 300 }, // RFC 8414: the exchange is no OpenID provider
)
assert(config.serverMetadata().supportsPKCE())

// What the wallet wants to do, and within which limits (RFC 9396).
const asked = {
  type: 'x428_withdrawal',
  actions: ['create', 'read'],
  assets: [{ asset: 'ETH', networks: ['ethereum'] }],
  limits: [{ amount: '500', currency: 'USD', period: 'day' }],
}
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const url = client.buildAuthorizationUrl(config, {
  redirect_uri,
  scope: 'assets:read withdrawals:create withdrawals:read offline_access',
  state: expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  authorization_details: JSON.stringify([asked]),
})

// The owner lowers the limit. The address to which the browser comes back has `code`, `state` and `iss`.
const back = await consent(url, { 'limit-0-0': '400' })
const forged = new URL(back)
forged.searchParams.set('iss', 'https://exchange.example')
const checks = { pkceCodeVerifier, expectedState }
await assert.rejects(client.authorizationCodeGrant(config, forged, checks), { code: 'OAUTH_INVALID_RESPONSE' })
const tokens = await client.authorizationCodeGrant(config, back, checks)
assert.equal(tokens.token_type, 'bearer')
assert.deepEqual(tokens.authorization_details, [{ ...asked, limits: [{ amount: '400', currency: 'USD', period: 'day' }] }])
console.log('code, PKCE, iss, authorization_details')

const assets = new URL('/assets', issuer)
const read = (token) => client.fetchProtectedResource(config, token, assets, 'GET')
const { data } = await (await read(tokens.access_token)).json()
assert.deepEqual(data.map(({ asset }) => asset), ['ETH'])
console.log('the API')

const about = await client.tokenIntrospection(config, tokens.access_token)
assert.equal(about.active, true)
assert.equal(about.client_id, 'example-wallet')
assert.deepEqual(about.authorization_details, tokens.authorization_details)
console.log('introspection')

await client.tokenRevocation(config, tokens.access_token)
assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false })
await assert.rejects(read(tokens.access_token), refusedAs('invalid_token'))
console.log('revocation')

// Each refresh gives another refresh token. One that comes back after two rotations is taken for a stolen one: it ends the
// whole grant.
const second = await client.refreshTokenGrant(config, tokens.refresh_token)
assert.notEqual(second.refresh_token, tokens.refresh_token)
const third = await client.refreshTokenGrant(config, second.refresh_token, { scope: 'assets:read' })
assert.equal(third.scope, 'assets:read')
await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' })
await assert.rejects(client.refreshTokenGrant(config, third.refresh_token), { error: 'invalid_grant' })
await assert.rejects(read(third.access_token), refusedAs('invalid_token'))
console.log('refresh with rotation')

function refusedAs(code) {
  return ({ cause, status }) => status === 401 && cause[0].parameters.error === code
}
