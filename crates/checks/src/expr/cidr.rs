//! IP ranges.

use super::undecided::Undecided;
use std::net::IpAddr;

/// A range of IP addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    /// The first address in 128 bits; IPv4 stands in the upper 32.
    bits: u128,
    prefix: u32,
    v4: bool,
}

/// Reads `10.0.0.0/8`, `::/0`, or one address.
pub(crate) fn parse(text: &str) -> Result<Cidr, Undecided> {
    let wrong = || Undecided::broken(format!("`{}` is no IP range", text.chars().take(50).collect::<String>()));
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().map_err(|_| wrong())?)),
        None => (text.trim(), None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let (bits, longest, v4) = match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32, true),
        IpAddr::V6(v6) => (v6.to_bits(), 128, false),
    };
    let prefix = prefix.unwrap_or(longest);
    if prefix > longest { Err(wrong()) } else { Ok(Cidr { bits, prefix, v4 }) }
}

/// Ranges that the internet does not route: RFC 1918, 6598, 1122, 3927; RFC 4193, 4291.
const PRIVATE: [(&str, u32); 9] = [
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("100.64.0.0", 10),
    ("127.0.0.0", 8),
    ("169.254.0.0", 16),
    ("fc00::", 7),
    ("fe80::", 10),
    ("::1", 128),
];

impl Cidr {
    /// Whether any address in it can be of the public internet: true unless it lies inside one private range.
    pub(crate) fn is_public(&self) -> bool {
        !PRIVATE.iter().any(|(address, prefix)| {
            parse(address).is_ok_and(|private| {
                let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
                self.v4 == private.v4 && self.prefix >= *prefix && self.bits & mask == private.bits & mask
            })
        })
    }

    /// Whether it is larger than any one company's: shorter than /8 for IPv4, than /16 for IPv6. So the halves
    /// `0.0.0.0/1` and `128.0.0.0/1` are found too.
    pub(crate) fn is_world(&self) -> bool {
        self.is_public() && self.prefix < if self.v4 { 8 } else { 16 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_public_unless_inside_a_private_one() {
        for (text, public, world) in [
            ("0.0.0.0/0", true, true),
            ("128.0.0.0/1", true, true),
            ("::/0", true, true),
            ("10.1.0.0/16", false, false),
            ("10.0.0.0/7", true, true),
            ("8.0.0.0/8", true, false),
            ("172.32.0.0/16", true, false),
            ("192.168.1.7", false, false),
            ("198.51.100.7/32", true, false),
            ("fd00::/8", false, false),
            ("2001:db8::/32", true, false),
        ] {
            let cidr = parse(text).unwrap();
            assert_eq!((cidr.is_public(), cidr.is_world()), (public, world), "{text}");
        }
        for text in ["", "10.0.0.0/33", "10.0.0/8", "x", "10.0.0.0/-1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
