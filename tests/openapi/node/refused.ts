// What the generated types have to refuse. An error that does not occur is an error.
import type { components, operations } from "./attestation.js";

type Schemas = components["schemas"];
type Submitted = operations["submitAttestation"]["requestBody"]["content"]["application/json"];

// @ts-expect-error: a challenge has preconditions
export const withoutPreconditions: Schemas["PreconditionChallenge"] = {
  x428Version: 1,
  resource: "https://api.example.com/reports",
  challenge: "00",
  expiresAt: "2026-11-20T10:05:00Z",
};

// @ts-expect-error: the version is 1
export const otherVersion: Schemas["ProtocolVersion"] = 2;

// @ts-expect-error: the code is not defined
export const otherCode: Schemas["ErrorCode"] = "teapot";

export const methods: Schemas["TosPrecondition"]["allowedAttestationMethods"] = [
  "self",
  // @ts-expect-error: the method is not defined
  "oath",
];

// @ts-expect-error: what is submitted is a payload
export const submitted: Submitted = { token: "t" };
