//! Which addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one that anybody on the internet reaches, after the special-purpose
/// registries of RFC 6890: none of a private, shared, local, documentation, benchmark, multicast or
/// reserved range, and none that carries another address inside.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    let is_special = [
        // This network, private, loopback, multicast and reserved, up to the broadcast address.
        matches!(octets, [0 | 10 | 127 | 224.., ..]),
        matches!(octets, [172, 16..=31, ..] | [192, 168, ..]),
        // Shared by the subscribers of a provider (RFC 6598).
        matches!(octets, [100, 64..=127, ..]),
        // Link local (RFC 3927).
        matches!(octets, [169, 254, ..]),
        // Protocol assignments (RFC 6890), 6to4 relays (RFC 7526), benchmarks (RFC 2544).
        matches!(
            octets,
            [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..]
        ),
        // Documentation (RFC 5737).
        matches!(
            octets,
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _]
        ),
    ];
    !is_special.contains(&true)
}

/// Global unicast is 2000::/3. Loopback, unique local, link local, multicast, the mapped and
/// translated addresses (::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48) lie outside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_special = [
        // Protocol assignments, Teredo and ORCHID among them (RFC 2928, RFC 4380, RFC 7343).
        matches!(segments, [0x2001, 0..=0x01ff, ..]),
        // Documentation (RFC 3849, RFC 9637).
        matches!(segments, [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..]),
        // 6to4 carries an IPv4 address (RFC 3056).
        segments[0] == 0x2002,
    ];
    segments[0] & 0xe000 == 0x2000 && !is_special.contains(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    // r[verify attestation.did-web.public-address]
    #[test]
    fn special_addresses_are_not_public() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_neighbours_of_special_addresses_are_public() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2001:db7::1",
            "2001:db9::1",
            "2003::1",
            "2606:4700::1111",
            "3ffe::1",
            "3fff:1000::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
