// A wallet of the High profile by openid-client: private_key_jwt, pushed requests, and tokens bound to a key by DPoP with the
// nonces of the exchange. `tests/foreign/run` registers its public key and starts the exchange.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import * as client from 'openid-client'
import { consent } from './owner.mjs'

const issuer = new URL(process.env.ISSUER)
const redirect_uri = 'http://127.0.0.1:49152/callback'
const jwk = JSON.parse(await readFile(process.env.CLIENT_KEY))
const key = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign'])
const config = await client.discovery(
  issuer,
  process.env.CLIENT_ID,
  undefined,
  client.PrivateKeyJwt({ key, kid: jwk.kid }),
  { algorithm: 'oauth2', timeout: 300 },
)
assert.equal(config.serverMetadata().require_pushed_authorization_requests, true)

// The handle proves the possession of the key with every request, and keeps the nonces that the exchange gives.
const keyPair = await client.randomDPoPKeyPair('Ed25519')
const DPoP = client.getDPoPHandle(config, keyPair)

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const parameters = {
  redirect_uri,
  scope: 'assets:read withdrawals:create withdrawals:read offline_access',
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
}
const pushed = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
assert.deepEqual([...pushed.searchParams.keys()].sort(), ['client_id', 'request_uri'])
const back = await consent(pushed)
const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier }, undefined, { DPoP })
assert.equal(tokens.token_type, 'dpop')
console.log('PAR, private_key_jwt, DPoP')

const assets = new URL('/assets', issuer)
const read = (token, options) => client.fetchProtectedResource(config, token, assets, 'GET', undefined, undefined, options)
assert.equal((await read(tokens.access_token, { DPoP })).status, 200)
await assert.rejects(read(tokens.access_token), { status: 401 })
const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
await assert.rejects(read(tokens.access_token, { DPoP: other }), { status: 401 })
console.log('the API, by the one key')

const about = await client.tokenIntrospection(config, tokens.access_token)
assert.equal(about.token_type, 'DPoP')
assert.equal(about.cnf.jkt, await DPoP.calculateThumbprint())
console.log('introspection')

// The refresh token is bound to the key, and therefore not rotated.
const second = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
assert.equal(second.refresh_token, tokens.refresh_token)
await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: other }), { error: 'invalid_grant' })
console.log('refresh')

// With the refresh token, the access tokens end as well.
await client.tokenRevocation(config, tokens.refresh_token)
assert.deepEqual(await client.tokenIntrospection(config, second.access_token), { active: false })
await assert.rejects(read(second.access_token, { DPoP }), { status: 401 })
console.log('revocation')
