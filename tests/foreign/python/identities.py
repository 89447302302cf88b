"""Runs a command with two clients of one owner, each with a token of every scope, in the file that IDENTITIES names, in the form
of Web Fuzzing Commons: identities.py COMMAND…"""

import json
import os
import sqlite3
import sys
from pathlib import Path

from baseline import discover, log_in

SCOPE = "assets:read withdrawals:create withdrawals:read withdrawals:cancel webhooks:manage offline_access"
EVERYTHING = {
    "type": "x428_withdrawal",
    "actions": ["create", "read", "cancel"],
    "assets": [
        {"asset": "ETH", "networks": ["ethereum", "base"]},
        {"asset": "USDC", "networks": ["ethereum", "base"]},
        {"asset": "XRP", "networks": ["xrpl"]},
    ],
    "limits": [{"amount": "1000000", "currency": "USD", "period": "day"}],
}


def identity(name: str, **client) -> dict:
    token = log_in(discover(), SCOPE, EVERYTHING, **client).token["access_token"]
    return {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}


identities = [identity("wallet"), identity("app", client_id="example-app", client_secret=None)]
# They live for a quarter of an hour, and a slow machine takes longer to try everything.
with sqlite3.connect("exchange.db", timeout=300) as database:
    database.execute(
        "UPDATE access_token SET data = json_set(data, '$.ends_at', '2100-01-01T00:00:00Z'), ends_at = 4102444800000"
    )
path = Path("identities.json").resolve()
path.write_text(json.dumps({"auth": identities}))
os.environ["IDENTITIES"] = str(path)
os.execvp(sys.argv[1], sys.argv[1:])
