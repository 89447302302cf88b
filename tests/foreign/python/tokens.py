"""Runs a command with an access token of every scope in ACCESS_TOKEN: tokens.py COMMAND…"""

import os
import sys

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

session = log_in(discover(), SCOPE, EVERYTHING)
os.environ["ACCESS_TOKEN"] = session.token["access_token"]
os.execvp(sys.argv[1], sys.argv[1:])
