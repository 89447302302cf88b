"""The owner at the pages of the exchange: logs in, shows a second factor and consents, by plain forms, as a browser without
JavaScript does it. An application has no part in this."""

import os

import mechanicalsoup
import pyotp
import requests

# The owner of `x428 sandbox exchange --seed`, who has an authenticator app.
LOGIN, PASSWORD = "ana", "correct horse battery staple"
AUTHENTICATOR = pyotp.TOTP(os.environ["TOTP_SECRET"])
BROWSER = mechanicalsoup.StatefulBrowser(raise_on_404=True)
BROWSER.session.hooks["response"].append(lambda response, **_: response.raise_for_status())


def consent(authorization_url: str, limits: dict[str, str] | None = None) -> str:
    """Allows what the application asks for, and says to which address the browser is sent back."""
    BROWSER.open(authorization_url)
    if BROWSER.page.find("input", attrs={"name": "login"}):
        submit({"login": LOGIN, "password": PASSWORD})
        submit({"code": AUTHENTICATOR.now()})
    try:
        submit(limits or {}, BROWSER.page.find("button", value="allow"))
    except requests.ConnectionError as error:
        # Nobody listens at the address of the application: where the browser would have gone is enough.
        return error.request.url
    raise AssertionError(BROWSER.page.text)


def submit(fields: dict[str, str], button=None) -> None:
    """Fills in the form of the page, and presses the button."""
    BROWSER.select_form("main form")
    for name, value in fields.items():
        BROWSER[name] = value
    BROWSER.submit_selected(btnName=button)
