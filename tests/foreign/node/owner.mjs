// The owner at the pages of the exchange: logs in, shows a second factor and consents, by plain forms and links, as a browser
// without JavaScript does it. An application has no part in this.
import assert from 'node:assert/strict'
import { parse } from 'node-html-parser'
import { TOTP } from 'otpauth'

// The owner of `x428 sandbox exchange --seed`, who has an authenticator app.
const { OWNER = 'ana', PASSWORD = 'correct horse battery staple', TOTP_SECRET } = process.env

class Browser {
  #cookies = new Map()

  // Opens a page, follows where it leads, and stops where the exchange sends the browser away.
  async open(url, origin = new URL(url).origin, init = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      this.#cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (!location) return this.#page(new URL(url), response)
    const to = new URL(location, url)
    return to.origin === origin ? this.open(to, origin) : { left: to }
  }

  async #page(url, response) {
    const document = parse(await response.text())
    assert.equal(response.status, 200, document.querySelector('main')?.text)
    // Fills in the only form with a button, and presses the button of this name and value.
    const submit = (fields, button) => {
      const form = document.querySelector('main form')
      const body = new URLSearchParams()
      for (const input of form.querySelectorAll('input')) {
        if (input.getAttribute('type') === 'checkbox' && !input.hasAttribute('checked')) continue
        body.append(input.getAttribute('name'), input.getAttribute('value') ?? '')
      }
      for (const [name, value] of Object.entries(fields)) {
        assert(body.has(name), `the form has no ${name}`)
        body.set(name, value)
      }
      if (button) body.append(...button)
      return this.open(new URL(form.getAttribute('action'), url), url.origin, { method: 'POST', body })
    }
    return { text: document.text, submit }
  }
}

// Opens the authorization URL, allows what the application asks for, and says to which address the browser is sent back.
export async function consent(authorizationUrl, limits = {}) {
  const browser = new Browser()
  let page = await browser.open(authorizationUrl)
  page = await page.submit({ login: OWNER, password: PASSWORD })
  page = await page.submit({ code: new TOTP({ secret: TOTP_SECRET }).generate() })
  page = await page.submit(limits, ['decision', 'allow'])
  assert(page.left, page.text)
  return page.left
}
