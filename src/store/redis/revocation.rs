use jiff::Timestamp;

use super::RedisStore;
use crate::attestation::revocation::{LiveToken, RevocationStore};
use crate::clock::Clock;
use crate::did::Did;
use crate::encoding::base64url;
use crate::error::Unavailable;
use crate::store::{REVOCATIONS, nonce_key};
use crate::wire::attestation::Digest;

/// A script of Redis is one atomic operation. The tokens of an operator are a sorted set by the
/// time at which they end, which is that of Redis; what has ended leaves it in small portions.
const REMEMBER: &str = "
    local now = redis.call('TIME')
    now = now[1] * 1000 + math.floor(now[2] / 1000)
    local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now, 'LIMIT', 0, 128)
    if #ended > 0 then redis.call('ZREM', KEYS[1], unpack(ended)) end
    redis.call('ZADD', KEYS[1], 'GT', now + ARGV[2], ARGV[1])
    local left = redis.call('PTTL', KEYS[1])
    if left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
    return 1";
const REVOKE: &str = "
    local left = redis.call('PTTL', KEYS[1])
    if left < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], 1, 'PX', ARGV[1]) end
    return 1";
const REVOKE_OPERATOR: &str = "
    local now = redis.call('TIME')
    now = now[1] * 1000 + math.floor(now[2] / 1000)
    local live = redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf', 'WITHSCORES')
    local revoked = 0
    for i = 1, #live, 2 do
        local left = math.max(1, live[i + 1] - now)
        if redis.call('SET', ARGV[1] .. live[i], 1, 'NX', 'PX', left) then revoked = revoked + 1 end
    end
    return revoked";

impl<C> RedisStore<C> {
    fn revoked(&self) -> String {
        format!("{}revoked:", self.prefix)
    }

    /// An operator's name is as long as it wants to be; the key is not.
    fn operator(&self, operator: &Did) -> String {
        let name = base64url(nonce_key(operator.as_str()));
        format!("{}operator:{name}", self.prefix)
    }
}

// r[impl attestation.receipt.revoke]
// r[impl attestation.receipt.revoke-operator]
impl<C: Clock + Sync> RevocationStore for RedisStore<C> {
    async fn remember(&self, token: &LiveToken) -> Result<(), Unavailable> {
        let mut command = ::redis::cmd("EVAL");
        command
            .arg(REMEMBER)
            .arg(1)
            .arg(self.operator(&token.operator))
            .arg(token.digest.as_str())
            .arg(self.remaining(token.expires_at));
        self.ask::<i64>(REVOCATIONS, &command).await.map(drop)
    }

    async fn revoke(&self, token: &Digest, expires_at: Timestamp) -> Result<(), Unavailable> {
        let mut command = ::redis::cmd("EVAL");
        command
            .arg(REVOKE)
            .arg(1)
            .arg(self.revoked() + token.as_str())
            .arg(self.remaining(expires_at));
        self.ask::<i64>(REVOCATIONS, &command).await.map(drop)
    }

    async fn revoke_operator(&self, operator: &Did) -> Result<u64, Unavailable> {
        let mut command = ::redis::cmd("EVAL");
        command
            .arg(REVOKE_OPERATOR)
            .arg(1)
            .arg(self.operator(operator))
            .arg(self.revoked());
        self.ask(REVOCATIONS, &command).await
    }

    async fn is_revoked(&self, token: &Digest) -> Result<bool, Unavailable> {
        let mut command = ::redis::cmd("EXISTS");
        command.arg(self.revoked() + token.as_str());
        self.ask(REVOCATIONS, &command).await
    }
}
