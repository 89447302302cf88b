-- One text for both databases. Times are milliseconds since 1970, amounts are decimals in normal
-- form, `data` is the rest of the record as JSON. Tokens, codes and cookies stand here as digests.

CREATE TABLE secret (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL
);

CREATE TABLE owner (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    login TEXT NOT NULL UNIQUE,
    turn BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE client (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL
);

CREATE TABLE asset (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL
);

CREATE TABLE balance (
    owner TEXT NOT NULL REFERENCES owner (id),
    asset TEXT NOT NULL REFERENCES asset (id),
    available TEXT NOT NULL CHECK (available NOT LIKE '-%'),
    reserved TEXT NOT NULL CHECK (reserved NOT LIKE '-%'),
    PRIMARY KEY (owner, asset)
);

-- Every movement. A withdrawal is reserved once, and debited or released once: `settles` is the
-- same for the last two.
CREATE TABLE movement (
    withdrawal TEXT NOT NULL,
    asset TEXT NOT NULL,
    settles BIGINT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES owner (id),
    amount TEXT NOT NULL CHECK (amount NOT LIKE '-%'),
    at BIGINT NOT NULL,
    PRIMARY KEY (withdrawal, asset, settles)
);

CREATE INDEX movement_of_owner ON movement (owner, asset);

-- What the clients of an owner have withdrawn in a day of UTC, in US dollars, without what came to
-- nothing, and how often, with it.
CREATE TABLE spending (
    owner TEXT NOT NULL REFERENCES owner (id),
    client TEXT NOT NULL,
    day BIGINT NOT NULL,
    dollars TEXT NOT NULL CHECK (dollars NOT LIKE '-%'),
    count BIGINT NOT NULL,
    PRIMARY KEY (owner, client, day)
);

CREATE TABLE session (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX session_ends ON session (ends_at);

CREATE TABLE authorization_request (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX authorization_request_ends ON authorization_request (ends_at);

CREATE TABLE authorization_code (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX authorization_code_ends ON authorization_code (ends_at);

CREATE TABLE consent (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES owner (id),
    turn BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX consent_of_owner ON consent (owner);

CREATE TABLE access_token (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    consent TEXT NOT NULL REFERENCES consent (id),
    client TEXT NOT NULL REFERENCES client (id),
    ends_at BIGINT NOT NULL
);

CREATE INDEX access_token_ends ON access_token (ends_at);

CREATE TABLE quote (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX quote_ends ON quote (ends_at);

CREATE TABLE submission (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX submission_ends ON submission (ends_at);

CREATE TABLE challenge (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES owner (id),
    consent TEXT NOT NULL,
    live_until BIGINT NOT NULL,
    kept_until BIGINT NOT NULL,
    polled_at BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX challenge_of_owner ON challenge (owner, live_until);
CREATE INDEX challenge_live ON challenge (live_until);
CREATE INDEX challenge_kept ON challenge (kept_until);

CREATE TABLE withdrawal (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES owner (id),
    client TEXT NOT NULL,
    status TEXT NOT NULL,
    asset TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);

CREATE INDEX withdrawal_listed ON withdrawal (owner, client, created_at DESC, id DESC);
CREATE INDEX withdrawal_due ON withdrawal (due_at);

CREATE TABLE webhook (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES owner (id),
    client TEXT NOT NULL
);

CREATE INDEX webhook_of_client ON webhook (owner, client);

CREATE TABLE delivery (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    webhook TEXT NOT NULL,
    due_at BIGINT NOT NULL
);

CREATE INDEX delivery_due ON delivery (due_at);

CREATE TABLE message (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES owner (id),
    channel TEXT NOT NULL,
    at BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);

CREATE INDEX message_of_owner ON message (owner, channel, at);
CREATE INDEX message_at ON message (at);
CREATE INDEX message_due ON message (due_at);

CREATE TABLE counter (
    id TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX counter_since ON counter (since);

CREATE TABLE seen (
    id TEXT NOT NULL PRIMARY KEY,
    ends_at BIGINT NOT NULL
);

CREATE INDEX seen_ends ON seen (ends_at);

CREATE TABLE record (
    owner TEXT NOT NULL REFERENCES owner (id),
    number BIGINT NOT NULL,
    data TEXT NOT NULL,
    previous TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (owner, number)
);
