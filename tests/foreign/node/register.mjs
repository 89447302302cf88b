// Makes a key of a client, and what the client says of itself to the exchange (RFC 7591): register.mjs ID KEY METADATA
import { writeFile } from 'node:fs/promises'

const [id, keyFile, metadataFile] = process.argv.slice(2)
const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
const jwk = async (key) => {
  const { kty, crv, x, d } = await crypto.subtle.exportKey('jwk', key)
  return { kty, crv, x, ...(d && { d }), kid: `${id}-1` }
}
await writeFile(keyFile, JSON.stringify(await jwk(privateKey)), { mode: 0o600 })
await writeFile(metadataFile, JSON.stringify({
  client_id: id,
  client_name: 'A wallet of the High profile',
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [await jwk(publicKey)] },
}))
