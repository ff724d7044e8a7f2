//! The text that names a proxy.

use zeroize::Zeroizing;

/// What a text names.
pub(super) struct Parts {
    /// `name:port`.
    pub(super) address: String,
    /// `name:password`, decoded.
    pub(super) credentials: Option<Zeroizing<Vec<u8>>>,
}

/// The longest text that is read.
const MAX_LENGTH: usize = 2048;

/// Reads `[http://][name[:password]@]host[:port][/]`. The error never repeats the text, since
/// there may be a password in it.
pub(super) fn parse(text: &str) -> Result<Parts, &'static str> {
    if text.len() > MAX_LENGTH {
        return Err("it is longer than 2048 bytes");
    }
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
            return Err(
                "proxies that are spoken to by TLS (https://) are not supported, because \
                 this client has no store of public certificate authorities; use http://",
            );
        }
        Some(_) => return Err("only http:// proxies are supported"),
        None => text,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (credentials, address) = match rest.rsplit_once('@') {
        None => (None, rest),
        Some((credentials, address)) => (Some(decode(credentials)?), address),
    };
    Ok(Parts {
        address: with_port(address)?,
        credentials: credentials.map(|mut credentials| {
            if !credentials.contains(&b':') {
                credentials.push(b':');
            }
            credentials
        }),
    })
}

/// The address with its port, 80 unless it is said.
fn with_port(address: &str) -> Result<String, &'static str> {
    const BAD_PORT: &str = "its port is not a number from 1 to 65535";
    let (host, port) = match address.rsplit_once(':') {
        // The last colon of an IPv6 address in brackets stands inside them.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (address, None),
    };
    let name = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let valid = match name {
        Some(name) => name.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(plain),
    };
    if !valid {
        return Err("it has no host name or address");
    }
    let port = match port {
        None => 80,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse::<u16>().map_err(|_| BAD_PORT)?
        }
        Some(_) => return Err(BAD_PORT),
    };
    match port {
        0 => Err(BAD_PORT),
        port => Ok(format!("{host}:{port}")),
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let pair = digit().zip(digit());
                pair.and_then(|(high, low)| {
                    u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()
                })
                .ok_or("a % in its name or password is not followed by two hexadecimal digits")?
            }
            byte => byte,
        };
        if byte.is_ascii_control() {
            return Err("its name or password has a control character");
        }
        decoded.push(byte);
    }
    Ok(decoded)
}
