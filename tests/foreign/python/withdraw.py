"""A withdrawal that the owner has to approve, by the HTTP of the protocol and a code of pyotp: 428, the code, 201.
`tests/foreign/run` starts the exchange."""

import time
import uuid

import pyotp

from baseline import ASKED, ISSUER, discover, log_in
from owner import AUTHENTICATOR

REQUEST = {
    "asset": "ETH",
    "network": "ethereum",
    "amount": "0.15",
    "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
}


def main() -> None:
    session = log_in(discover())

    def submit(key: str, request: dict):
        return session.post(f"{ISSUER}/withdrawals", json=request, headers={"Idempotency-Key": key})

    # Ether is worth 2000 US dollars at the exchange of the sandbox, and ana approves what is worth 250 or more.
    key = str(uuid.uuid4())
    challenged = submit(key, REQUEST)
    assert challenged.status_code == 428, challenged.text
    challenge = challenged.json()
    assert "totp" in [method["method"] for method in challenge["methods"]]
    print(challenge["display"])

    def verify(code: str):
        url = f"{ISSUER}/challenges/{challenge['challengeId']}/verify"
        return session.post(url, json={"method": "totp", "code": code})

    # Each code is good once, and the one of the log-in may still be the current one. The exchange takes the next a step early.
    code = AUTHENTICATOR.at(time.time(), counter_offset=1)
    wrong = verify(pyotp.TOTP(pyotp.random_base32()).now())
    assert wrong.status_code == 400 and wrong.json()["error"]["code"] == "challenge_code_invalid", wrong.text
    verified = verify(code)
    assert verified.status_code == 200, verified.text
    proof = verified.json()["challengeProof"]
    print("verified by TOTP")

    # The same request under the same key, with the proof. Repeated, it is answered and not executed again.
    created = submit(key, REQUEST | {"challengeProof": proof})
    assert created.status_code == 201, created.text
    again = submit(key, REQUEST | {"challengeProof": proof})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["id"] == created.json()["id"]
    print("created", created.json()["id"])

    # It goes on by itself, to the end.
    url = ISSUER + created.headers["Location"]
    deadline = time.monotonic() + 120
    while (withdrawal := session.get(url).json())["status"] not in ("completed", "failed", "rejected", "canceled", "expired"):
        assert time.monotonic() < deadline, withdrawal
        time.sleep(1)
    assert withdrawal["status"] == "completed", withdrawal
    assert withdrawal["amount"] == REQUEST["amount"]
    assert withdrawal["txid"]
    print(withdrawal["status"])


if __name__ == "__main__":
    main()
