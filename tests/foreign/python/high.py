"""A wallet of the High profile by Authlib: private_key_jwt, pushed requests, and tokens bound to a key by DPoP.
`tests/foreign/run` registers its public key and starts the exchange.

Authlib has no pushed requests (RFC 9126) and no DPoP (RFC 9449). It leaves room for both: the first is one more request with
its client authentication, the second is a header, which joserfc, the JOSE library under Authlib, signs."""

import json
import os
import time
from hashlib import sha256
from pathlib import Path

from authlib.common.encoding import to_unicode, urlsafe_b64encode
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Auth, OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import OKPKey

from baseline import ISSUER, SCOPE, discover, refused
from owner import consent

CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_KEY = OKPKey.import_key(json.loads(Path(os.environ["CLIENT_KEY"]).read_text()))


class Assertion(PrivateKeyJWT):
    """An assertion for the issuer alone, which lives for a minute. Authlib would make it for the endpoint and an hour."""

    def sign(self, auth, token_endpoint):
        return private_key_jwt_sign(
            CLIENT_KEY, CLIENT_ID, ISSUER, alg="Ed25519", header={"kid": CLIENT_KEY.kid}, expires_in=60
        )


class DpopAuth(OAuth2Auth):
    """Presents the access token with the scheme DPoP."""

    @staticmethod
    def add_token(token, uri, headers, body, placement):
        headers["Authorization"] = f"DPoP {token}"
        return uri, headers, body

    SIGN_METHODS = {"dpop": add_token}


class DpopSession(OAuth2Session):
    """Proves the possession of a key with every request, and keeps the nonce that the exchange gives."""

    token_auth_class = DpopAuth

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.key = OKPKey.generate_key("Ed25519")
        self.nonce = None

    def proof(self, method: str, url: str, token: str | None) -> str:
        claims = {"jti": generate_token(24), "htm": method, "htu": url, "iat": int(time.time())}
        if self.nonce:
            claims["nonce"] = self.nonce
        if token:
            claims["ath"] = to_unicode(urlsafe_b64encode(sha256(token.encode()).digest()))
        header = {"typ": "dpop+jwt", "alg": "Ed25519", "jwk": self.key.as_dict(private=False)}
        return jwt.encode(header, claims, self.key, algorithms=["Ed25519"])

    def request(self, method, url, withhold_token=False, auth=None, headers=None, **more):
        token = self.token["access_token"] if auth is None and not withhold_token else None
        for _ in range(2):
            proven = {**(headers or {}), "DPoP": self.proof(method, url, token)}
            response = super().request(method, url, withhold_token, auth, headers=proven, **more)
            known, self.nonce = self.nonce, response.headers.get("DPoP-Nonce", self.nonce)
            if response.ok or self.nonce == known:
                break
        return response


def main() -> None:
    metadata = discover()
    session = DpopSession(
        CLIENT_ID,
        CLIENT_KEY,
        scope=SCOPE,
        redirect_uri="http://127.0.0.1:49152/callback",
        token_endpoint=metadata["token_endpoint"],
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
    )
    session.register_client_auth_method(Assertion())

    verifier, state = generate_token(48), generate_token(24)
    pushed = session.post(
        metadata["pushed_authorization_request_endpoint"],
        auth=session.client_auth("private_key_jwt"),
        data={
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": session.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        },
    )
    assert pushed.status_code == 201, pushed.text
    endpoint = metadata["authorization_endpoint"]
    back = consent(f"{endpoint}?client_id={CLIENT_ID}&request_uri={pushed.json()['request_uri']}")
    first = session.fetch_token(authorization_response=back, state=state, code_verifier=verifier)
    assert first["token_type"] == "DPoP"
    print("PAR, private_key_jwt, DPoP")

    assert session.get(f"{ISSUER}/assets").status_code == 200
    key, session.key = session.key, OKPKey.generate_key("Ed25519")
    assert session.get(f"{ISSUER}/assets").status_code == 401
    print("the API, by the one key")

    # The refresh token is bound to the key as well, and therefore not rotated.
    refused("invalid_grant", session.refresh_token)
    session.key = key
    second = session.refresh_token()
    assert second["refresh_token"] == first["refresh_token"]
    print("refresh")

    about = session.introspect_token(metadata["introspection_endpoint"], token=second["access_token"]).json()
    assert about["token_type"] == "DPoP" and about["cnf"] == {"jkt": key.thumbprint()}
    print("introspection")

    # With the refresh token, the access tokens end as well.
    revoked = session.revoke_token(metadata["revocation_endpoint"], token=second["refresh_token"])
    assert revoked.status_code == 200, revoked.text
    assert session.get(f"{ISSUER}/assets").status_code == 401
    print("revocation")


if __name__ == "__main__":
    main()
