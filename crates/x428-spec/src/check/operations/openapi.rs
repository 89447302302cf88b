//! The members that OpenAPI 3.1 gives its objects (§4.8).

/// The methods that a path may have.
pub(super) const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The members of an operation. The id comes from the info string.
pub(super) const OPERATION: &[&str] = &[
    "method",
    "path",
    "tags",
    "summary",
    "description",
    "externalDocs",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "deprecated",
    "security",
    "servers",
];

/// The members of a webhook: an operation whose path the receiver chooses.
pub(super) const WEBHOOK: &[&str] = &[
    "method",
    "tags",
    "summary",
    "description",
    "externalDocs",
    "parameters",
    "requestBody",
    "responses",
    "deprecated",
    "security",
];

/// The flows of OAuth 2.0, and what each needs.
pub(in crate::check) const FLOWS: &[(&str, &[&str])] = &[
    (
        "authorizationCode",
        &["authorizationUrl", "tokenUrl", "scopes"],
    ),
    ("clientCredentials", &["tokenUrl", "scopes"]),
    ("implicit", &["authorizationUrl", "scopes"]),
    ("password", &["tokenUrl", "scopes"]),
];

/// The members of a response.
pub(super) const RESPONSE: &[&str] = &[
    "$ref",
    "summary",
    "description",
    "headers",
    "content",
    "links",
];

/// The members of a request body.
pub(super) const REQUEST_BODY: &[&str] = &["$ref", "summary", "description", "content", "required"];

/// The members of a media type.
pub(super) const MEDIA_TYPE: &[&str] = &["schema", "example", "examples", "encoding"];

/// The members of a header.
pub(super) const HEADER: &[&str] = &[
    "$ref",
    "summary",
    "description",
    "required",
    "deprecated",
    "style",
    "explode",
    "schema",
    "example",
    "examples",
    "content",
];

/// The members of a parameter.
pub(super) const PARAMETER: &[&str] = &[
    "$ref",
    "summary",
    "name",
    "in",
    "description",
    "required",
    "deprecated",
    "allowEmptyValue",
    "style",
    "explode",
    "allowReserved",
    "schema",
    "example",
    "examples",
    "content",
];

/// The sections of components, and the members that their entries need.
pub(super) const SECTIONS: &[(&str, &[&str])] = &[
    ("responses", &["description"]),
    ("headers", &["schema"]),
    ("parameters", &["name", "in", "schema"]),
    ("requestBodies", &["content"]),
    ("examples", &["value"]),
    ("securitySchemes", &["type"]),
];
