CREATE TABLE x428_nonce (
    digest BYTEA NOT NULL PRIMARY KEY,
    retain_until BIGINT NOT NULL
);
CREATE INDEX x428_nonce_retain_until ON x428_nonce (retain_until);

-- What was to be kept until then may have been deleted.
CREATE TABLE x428_horizon (
    only_row BOOLEAN NOT NULL PRIMARY KEY CHECK (only_row),
    forgotten_until BIGINT NOT NULL
);
INSERT INTO x428_horizon VALUES (TRUE, -9223372036854775808);

CREATE TABLE x428_token (
    digest TEXT NOT NULL PRIMARY KEY,
    operator TEXT,
    expires_at BIGINT NOT NULL,
    revoked BOOLEAN NOT NULL
);
CREATE INDEX x428_token_operator ON x428_token (operator) WHERE operator IS NOT NULL;
CREATE INDEX x428_token_expires_at ON x428_token (expires_at);

CREATE TABLE x428_audit (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number >= 0),
    digest TEXT NOT NULL UNIQUE,
    predecessor TEXT NOT NULL,
    record TEXT NOT NULL
);

-- A record is never changed, but for an erasure: then what is left says what it was.
CREATE FUNCTION x428_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.number = OLD.number
            AND NEW.digest = OLD.digest
            AND NEW.predecessor = OLD.predecessor
            AND NEW.record = format(
                '{"digest":"%s","kind":"erased","predecessor":"%s"}', OLD.digest, OLD.predecessor
            )
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER x428_audit_change BEFORE UPDATE OR DELETE ON x428_audit
    FOR EACH ROW EXECUTE FUNCTION x428_audit_append_only();
CREATE TRIGGER x428_audit_truncate BEFORE TRUNCATE ON x428_audit
    FOR EACH STATEMENT EXECUTE FUNCTION x428_audit_append_only();
