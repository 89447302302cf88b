"""A wallet of the Baseline profile by Authlib: authorization code with PKCE and authorization details, refresh, introspection,
revocation. `tests/foreign/run` starts the exchange."""

import json
import os
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from owner import consent

ISSUER = os.environ["ISSUER"]
SCOPE = "assets:read withdrawals:create withdrawals:read offline_access"
# What the wallet wants to do, and within which limits (RFC 9396).
ASKED = {
    "type": "x428_withdrawal",
    "actions": ["create", "read"],
    "assets": [{"asset": "ETH", "networks": ["ethereum"]}],
    "limits": [{"amount": "500", "currency": "USD", "period": "day"}],
}


def discover() -> AuthorizationServerMetadata:
    metadata = AuthorizationServerMetadata(requests.get(get_well_known_url(ISSUER, external=True)).json())
    metadata.validate()
    assert metadata["issuer"] == ISSUER
    return metadata


def log_in(
    metadata: dict,
    scope: str = SCOPE,
    asked: dict = ASKED,
    limits: dict | None = None,
    client_id: str = "example-wallet",
    client_secret: str | None = "sandbox-secret-of-example-wallet",
) -> OAuth2Session:
    """A session whose tokens the owner has given."""
    session = OAuth2Session(
        client_id,
        client_secret,
        token_endpoint_auth_method="client_secret_basic" if client_secret else "none",
        scope=scope,
        redirect_uri="http://127.0.0.1:49152/callback",
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, authorization_details=json.dumps([asked])
    )
    back = consent(url, limits)
    # Authlib compares `state`. What RFC 9207 adds is left to the application.
    assert parse_qs(urlsplit(back).query)["iss"] == [ISSUER]
    session.fetch_token(authorization_response=back, state=state, code_verifier=verifier)
    return session


def refused(code: str, request, *arguments, **more) -> None:
    try:
        request(*arguments, **more)
    except OAuthError as error:
        assert error.error == code, error
    else:
        raise AssertionError(f"it is not refused with {code}")


def main() -> None:
    metadata = discover()
    session = log_in(metadata, limits={"limit-0-0": "400"})
    first = session.token
    assert first["token_type"] == "Bearer"
    assert first["authorization_details"] == [ASKED | {"limits": [ASKED["limits"][0] | {"amount": "400"}]}]
    print("code, PKCE, authorization_details")

    assets = session.get(f"{ISSUER}/assets")
    assert assets.status_code == 200, assets.text
    assert [asset["asset"] for asset in assets.json()["data"]] == ["ETH"]
    print("the API")

    def introspect(token: str) -> dict:
        return session.introspect_token(metadata["introspection_endpoint"], token=token).json()

    about = introspect(first["access_token"])
    assert about["active"] and about["client_id"] == "example-wallet" and about["scope"] == SCOPE
    print("introspection")

    session.revoke_token(metadata["revocation_endpoint"], token=first["access_token"])
    assert introspect(first["access_token"]) == {"active": False}
    assert session.get(f"{ISSUER}/assets").status_code == 401
    print("revocation")

    # Each refresh gives another refresh token. One that comes back after two rotations is taken for a stolen one: it ends the
    # whole grant.
    second = session.refresh_token()
    assert second["refresh_token"] != first["refresh_token"]
    third = session.refresh_token(scope="assets:read")
    assert third["scope"] == "assets:read"
    refused("invalid_grant", session.refresh_token, refresh_token=first["refresh_token"])
    assert introspect(third["access_token"]) == {"active": False}
    assert session.get(f"{ISSUER}/assets").status_code == 401
    print("refresh with rotation")


if __name__ == "__main__":
    main()
