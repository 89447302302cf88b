CREATE TABLE x428_nonce (
    digest BLOB NOT NULL PRIMARY KEY,
    retain_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX x428_nonce_retain_until ON x428_nonce (retain_until);

-- What was to be kept until then may have been deleted.
CREATE TABLE x428_horizon (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    forgotten_until INTEGER NOT NULL
) STRICT;
INSERT INTO x428_horizon VALUES (1, -9223372036854775808);

CREATE TABLE x428_token (
    digest TEXT NOT NULL PRIMARY KEY,
    operator TEXT,
    expires_at INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX x428_token_operator ON x428_token (operator) WHERE operator IS NOT NULL;
CREATE INDEX x428_token_expires_at ON x428_token (expires_at);

CREATE TABLE x428_audit (
    number INTEGER NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    predecessor TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- A record is never changed, but for an erasure: then what is left says what it was.
CREATE TRIGGER x428_audit_update BEFORE UPDATE ON x428_audit
WHEN NOT (
    NEW.number = OLD.number
    AND NEW.digest = OLD.digest
    AND NEW.predecessor = OLD.predecessor
    AND NEW.record = json_object(
        'digest', OLD.digest, 'kind', 'erased', 'predecessor', OLD.predecessor
    )
)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER x428_audit_delete BEFORE DELETE ON x428_audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- Without it, INSERT OR REPLACE would delete, and ask no trigger.
CREATE TRIGGER x428_audit_insert BEFORE INSERT ON x428_audit
WHEN NEW.number <> (SELECT coalesce(max(number) + 1, 0) FROM x428_audit)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
