"use strict";

// The agent of this page. Each step keeps what the next one needs in `state`.

const state = {};
const encoder = new TextEncoder();
const section = (name) => document.getElementById(name);
const resource = () => document.getElementById("resource").value;

// ---- encodings

const toBase64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const fromBase64url = (text) =>
  new TextDecoder().decode(
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)),
  );

function base58(bytes) {
  const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = "";
  for (; number > 0n; number /= 58n) text = digits[Number(number % 58n)] + text;
  return text;
}

async function documentHash(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return "sha256-" + Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// RFC 8785 for what payloads hold: objects, arrays, strings and whole numbers.
function canonical(value) {
  if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return "{" + members.map((name) => JSON.stringify(name) + ":" + canonical(value[name])).join(",") + "}";
}

// ---- what is shown: text nodes only, whatever a server sends

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function show(name, ...parts) {
  section(name).querySelector(".result").replaceChildren(...parts);
}

function details(title, value) {
  const made = element("details");
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  made.append(element("summary", title), element("pre", text));
  return made;
}

function enable(name, enabled) {
  for (const button of section(name).querySelectorAll("button")) button.disabled = !enabled;
}

// Runs a step, and shows what went wrong in it.
function on(name, index, step) {
  section(name).querySelectorAll("button")[index].addEventListener("click", async () => {
    try {
      await step();
    } catch (error) {
      show(name, element("p", error.message, "bad"));
    }
  });
}

async function send(headers, path = resource()) {
  const response = await fetch(path, { headers, cache: "no-store" });
  const text = await response.text();
  let body = text;
  try {
    body = JSON.parse(text);
  } catch {
    // It is shown as it is.
  }
  const names = ["X-428-Required", "X-428-Token", "X-428-Receipt", "Cache-Control"];
  const given = names.flatMap((header) => {
    const value = response.headers.get(header);
    return value === null ? [] : [header + ": " + value];
  });
  return { response, body, head: given.join("\n") };
}

function outcome({ response, body, head }) {
  const isRefused = typeof body === "object" && body.error !== undefined;
  const line = response.status + " " + response.statusText + (isRefused ? ": " + body.error : "");
  const parts = [element("p", line, isRefused ? "status bad" : "status")];
  if (isRefused) parts.push(element("p", body.detail));
  const content = details("body", body);
  // What was asked for is what one wants to see.
  content.open = response.ok;
  parts.push(details("headers", head), content);
  return parts;
}

// ---- the steps

async function ask() {
  restart();
  const answer = await send({});
  const encoded = answer.response.headers.get("X-428-Required");
  if (answer.response.status !== 428 || encoded === null) {
    show("ask", ...outcome(answer), element("p", "No challenge: the resource is not guarded.", "bad"));
    return;
  }
  state.challenge = JSON.parse(fromBase64url(encoded));
  show("ask", ...outcome(answer), details("X-428-Required, decoded", state.challenge));
  enable("consent", true);
}

async function check() {
  const { challenge } = state;
  if (challenge.resource !== new URL(resource(), location.href).href) {
    throw new Error("The challenge is for another resource. Nothing is signed.");
  }
  const list = element("ul");
  for (const precondition of challenge.preconditions) {
    list.append(await item(precondition));
  }
  const box = element("input");
  box.type = "checkbox";
  box.id = "consents";
  box.addEventListener("change", () => {
    enable("sign", box.checked);
    // What was signed with the consent goes with it.
    delete state.payload;
    show("sign");
    enable("submit", false);
  });
  const label = element("label");
  label.append(box, element("span", "I am the operator, and I consent to all of it"));
  show("consent", element("p", "This server asks that you confirm:"), list, label);
}

async function item(precondition) {
  const made = element("li");
  if (precondition.type === "tos") {
    const address = new URL(precondition.documentUrl);
    if (address.origin !== location.origin) throw new Error("The document is elsewhere.");
    const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
    if ((await documentHash(bytes)) !== precondition.documentHash) {
      throw new Error("The document is not the one that the challenge names.");
    }
    made.textContent = "that you accept the terms, version " + precondition.tosVersion;
    made.append(element("div", precondition.documentHash, "hash"));
    made.append(details("read them", new TextDecoder().decode(bytes)));
  } else if (precondition.type === "age") {
    made.textContent = "that you are at least " + precondition.minimumAge + " years old";
  } else if (precondition.type === "identity") {
    made.textContent = "who you are, by your DID";
  } else {
    throw new Error("This page does not know preconditions of the type " + precondition.type + ".");
  }
  return made;
}

async function sign() {
  state.key ??= await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", state.key.publicKey));
  const operatorId = "did:key:z" + base58(Uint8Array.from([0xed, 0x01, ...raw]));
  const { challenge } = state;
  const confirmedAt = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const payload = {
    x428Version: challenge.x428Version,
    challenge: challenge.challenge,
    resource: challenge.resource,
    operatorId,
    attestations: challenge.preconditions.map(({ id, type, documentHash, minimumAge }) => ({
      preconditionId: id,
      type,
      method: "self",
      confirmedAt,
      ...(type === "tos" ? { documentHash } : {}),
      ...(type === "age" ? { minimumAge } : {}),
    })),
  };
  const text = canonical(payload);
  const signature = await crypto.subtle.sign("Ed25519", state.key.privateKey, encoder.encode(text));
  payload.signature = toBase64url(new Uint8Array(signature));
  state.payload = payload;
  show("sign", details("the operator's DID", operatorId), details("what is signed", text), details("the payload", payload));
  enable("submit", true);
}

const encoded = (payload) => toBase64url(encoder.encode(JSON.stringify(payload)));

async function submit() {
  const answer = await send({ "X-428-Attestation": encoded(state.payload) });
  const parts = outcome(answer);
  const token = answer.response.headers.get("X-428-Token");
  const receipt = answer.response.headers.get("X-428-Receipt");
  if (token !== null) {
    state.token = JSON.parse(fromBase64url(token));
    const { expiresAt, scope } = state.token;
    parts.push(element("p", "The token opens " + scope + " until " + expiresAt + "."));
    parts.push(details("X-428-Token, decoded", state.token));
    enable("use", true);
  }
  if (receipt !== null) {
    parts.push(details("X-428-Receipt, decoded: the server's signed word, to keep", JSON.parse(fromBase64url(receipt))));
  }
  enable("replay", true);
  show("submit", ...parts);
}

async function use() {
  const others = { "/reports/2026-q3": "/reports/2026-q2", "/films/1": "/films/2" };
  const path = others[resource()] ?? resource();
  const answer = await send({ "X-428-Token": state.token.token }, path);
  const asked = element("p");
  asked.append(element("code", "GET " + path));
  show("use", asked, ...outcome(answer));
}

async function replay() {
  show("replay", ...outcome(await send({ "X-428-Attestation": encoded(state.payload) })));
}

async function change() {
  const fresh = await send({});
  const { challenge } = JSON.parse(fromBase64url(fresh.response.headers.get("X-428-Required")));
  const changed = { ...state.payload, challenge };
  show("replay", ...outcome(await send({ "X-428-Attestation": encoded(changed) })));
}

function restart() {
  delete state.challenge;
  delete state.payload;
  delete state.token;
  for (const name of ["ask", "consent", "sign", "submit", "use", "replay"]) {
    show(name);
    if (name !== "ask") enable(name, false);
  }
  const command = "x428 key new operator.pem\nx428 get --key operator.pem " + location.origin + resource();
  document.getElementById("command").textContent = command;
}

on("ask", 0, ask);
on("consent", 0, check);
on("sign", 0, sign);
on("submit", 0, submit);
on("use", 0, use);
on("replay", 0, replay);
on("replay", 1, change);
document.getElementById("resource").addEventListener("change", restart);
restart();

(async () => {
  try {
    await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  } catch {
    const unable = document.getElementById("unable");
    unable.hidden = false;
    unable.textContent = "This browser cannot sign with Ed25519, so that step 3 fails here. The commands below do the same.";
  }
})();
