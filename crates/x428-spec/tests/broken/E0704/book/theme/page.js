// r[verify demo.nonce.gone]
fn nonce() {}
