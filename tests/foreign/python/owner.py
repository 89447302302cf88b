"""The owner at the pages of the exchange: logs in, shows a second factor and consents, by plain forms, as a browser without
JavaScript does it. An application has no part in this."""

import os

import mechanicalsoup
import pyotp
import requests

# The owner of `x428 sandbox exchange --seed`, who has an authenticator app.
LOGIN, PASSWORD = "ana", "correct horse battery staple"
AUTHENTICATOR = pyotp.TOTP(os.environ["TOTP_SECRET"])


def consent(authorization_url: str, limits: dict[str, str] | None = None) -> str:
    """Allows what the application asks for, and says to which address the browser is sent back."""
    browser = mechanicalsoup.StatefulBrowser(raise_on_404=True)
    browser.session.hooks["response"].append(lambda response, **_: response.raise_for_status())
    browser.open(authorization_url)
    submit(browser, {"login": LOGIN, "password": PASSWORD})
    submit(browser, {"code": AUTHENTICATOR.now()})
    try:
        submit(browser, limits or {}, browser.page.find("button", value="allow"))
    except requests.ConnectionError as error:
        # Nobody listens at the address of the application: where the browser would have gone is enough.
        return error.request.url
    raise AssertionError(browser.page.text)


def submit(browser: mechanicalsoup.StatefulBrowser, fields: dict[str, str], button=None) -> None:
    """Fills in the form of the page, and presses the button."""
    browser.select_form("main form")
    for name, value in fields.items():
        browser[name] = value
    browser.submit_selected(btnName=button)
