//! Which hosts are dialled directly although there is a proxy: `NO_PROXY`.

use std::net::IpAddr;

/// Whether `list` (as `NO_PROXY` has it) names the host of `address` (`name:port`).
///
/// An entry is `*`, a name (which stands for the names below it too), an address, a range of
/// addresses (`10.0.0.0/8`), each with an optional `:port`. This machine itself is always dialled
/// directly: a proxy elsewhere could not reach it.
pub(crate) fn bypassed(address: &str, list: &str) -> bool {
    let (host, port) = split(address);
    let ip: Option<IpAddr> = host.parse().ok();
    if host.eq_ignore_ascii_case("localhost") || ip.is_some_and(|ip| ip.is_loopback()) {
        return true;
    }
    list.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| covers(entry, host, ip, port))
}

fn covers(entry: &str, host: &str, ip: Option<IpAddr>, port: Option<&str>) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        return ip.is_some_and(|ip| in_network(ip, network, bits));
    }
    let (name, wanted) = split(entry);
    if wanted.is_some() && wanted != port {
        return false;
    }
    if let Some(ip) = ip {
        return name.parse() == Ok(ip);
    }
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    let host = host.to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    !name.is_empty()
        && host
            .strip_suffix(&name)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn in_network(ip: IpAddr, network: &str, bits: &str) -> bool {
    let Ok(bits) = bits.parse::<u32>() else {
        return false;
    };
    let same = |one: u128, other: u128, width: u32| {
        bits <= width && (bits == 0 || (one ^ other) >> width.saturating_sub(bits) == 0)
    };
    match (ip, network.parse()) {
        (IpAddr::V4(ip), Ok(IpAddr::V4(network))) => {
            same(u32::from(ip).into(), u32::from(network).into(), 32)
        }
        (IpAddr::V6(ip), Ok(IpAddr::V6(network))) => same(ip.into(), network.into(), 128),
        _ => false,
    }
}

/// Host and port; brackets around an IPv6 address are taken off.
fn split(address: &str) -> (&str, Option<&str>) {
    if let Some(rest) = address.strip_prefix('[')
        && let Some((host, rest)) = rest.split_once(']')
    {
        return (host, rest.strip_prefix(':'));
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (address, None),
    }
}
