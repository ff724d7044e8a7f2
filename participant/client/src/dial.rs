//! Where a host is, and how it is reached.

use std::fmt;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::error::Error;
use crate::proxy::{Proxy, ProxyError, bypassed};

/// How long the host may take to answer a dial, and the isolate to shake hands.
pub(crate) const DIAL_TIME: Duration = Duration::from_secs(20);

/// The environment variables that name a proxy, the first that is set and not empty.
const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const BYPASS_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// A host, and the proxy through which it is reached, if any.
#[derive(Clone, Debug)]
pub struct HostAddress {
    address: String,
    proxy: Option<Proxy>,
}

impl HostAddress {
    /// The host at `address` (`name:port`), dialled directly.
    pub fn direct(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            proxy: None,
        }
    }

    /// The host at `address`, through a proxy.
    pub fn through(address: impl Into<String>, proxy: Proxy) -> Self {
        Self {
            address: address.into(),
            proxy: Some(proxy),
        }
    }

    /// As a participant says it: `proxy` is a proxy's address, or `none`; where it is not given,
    /// the environment decides (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either case of letters,
    /// as curl reads them).
    ///
    /// # Errors
    /// [`ProxyError::Address`].
    pub fn choose(address: impl Into<String>, proxy: Option<&str>) -> Result<Self, Error> {
        Self::choose_by(address.into(), proxy, &|name| std::env::var(name).ok())
    }

    fn choose_by(
        address: String,
        proxy: Option<&str>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let proxy = match proxy {
            Some("none") => None,
            Some(text) => Some(Proxy::parse(text, "`--proxy`")?),
            None => proxy_of_environment(&address, variable)?,
        };
        Ok(Self { address, proxy })
    }

    /// `name:port` of the host.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The proxy in between.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// A stream of bytes to the host.
    pub(crate) async fn connect(&self) -> Result<TcpStream, Error> {
        let dialled = tokio::time::timeout(DIAL_TIME, self.dial()).await;
        dialled.unwrap_or_else(|elapsed| Err(self.unreachable(elapsed.into())))
    }

    async fn dial(&self) -> Result<TcpStream, Error> {
        let first = self.proxy.as_ref().map_or(&*self.address, Proxy::address);
        let mut stream = TcpStream::connect(first)
            .await
            .map_err(|source| self.unreachable(source))?;
        stream
            .set_nodelay(true)
            .map_err(|source| self.unreachable(source))?;
        if let Some(proxy) = &self.proxy {
            proxy.tunnel(&mut stream, &self.address).await?;
        }
        Ok(stream)
    }

    fn unreachable(&self, source: std::io::Error) -> Error {
        match &self.proxy {
            Some(proxy) => ProxyError::Unreachable {
                proxy: proxy.address().to_owned(),
                source,
            }
            .into(),
            None => Error::HostUnreachable {
                address: self.address.clone(),
                source,
            },
        }
    }
}

fn proxy_of_environment(
    address: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, ProxyError> {
    let set = |name: &&'static str| variable(name).filter(|value| !value.is_empty());
    let list = BYPASS_VARIABLES.iter().find_map(set).unwrap_or_default();
    if bypassed(address, &list) {
        return Ok(None);
    }
    PROXY_VARIABLES
        .iter()
        .find_map(|name| set(name).map(|value| Proxy::parse(&value, name)))
        .transpose()
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)?;
        match &self.proxy {
            Some(proxy) => write!(f, " (through the proxy {})", proxy.address()),
            None => Ok(()),
        }
    }
}

impl From<&str> for HostAddress {
    fn from(address: &str) -> Self {
        Self::direct(address)
    }
}

impl From<String> for HostAddress {
    fn from(address: String) -> Self {
        Self::direct(address)
    }
}

impl From<&String> for HostAddress {
    fn from(address: &String) -> Self {
        Self::direct(address)
    }
}

impl From<&Self> for HostAddress {
    fn from(address: &Self) -> Self {
        address.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(address: &str, option: Option<&str>, environment: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let set = environment.iter().find(|(set, _)| *set == name)?;
            Some(set.1.to_owned())
        };
        let host = HostAddress::choose_by(address.into(), option, &variable).unwrap();
        host.proxy().map(|proxy| proxy.address().to_owned())
    }

    #[test]
    fn the_option_wins_over_the_environment() {
        let environment = [("HTTPS_PROXY", "http://one:1")];
        let host = "host.example:7443";
        assert_eq!(chosen(host, None, &environment).as_deref(), Some("one:1"));
        let two = chosen(host, Some("http://two:2"), &environment);
        assert_eq!(two.as_deref(), Some("two:2"));
        assert_eq!(chosen(host, Some("none"), &environment), None);
        assert_eq!(chosen(host, None, &[]), None);
        // Whoever names a proxy means it, also for this machine.
        let here = chosen("127.0.0.1:1", Some("http://two:2"), &[]);
        assert_eq!(here.as_deref(), Some("two:2"));
    }

    #[test]
    fn variables_are_read_as_others_read_them() {
        let host = "host.example:7443";
        let all = ("ALL_PROXY", "all:1");
        let https = ("HTTPS_PROXY", "https:1");
        let lower = ("https_proxy", "lower:1");
        assert_eq!(chosen(host, None, &[all]).as_deref(), Some("all:1"));
        assert_eq!(
            chosen(host, None, &[all, https]).as_deref(),
            Some("https:1")
        );
        assert_eq!(
            chosen(host, None, &[all, https, lower]).as_deref(),
            Some("lower:1")
        );
        assert_eq!(chosen(host, None, &[("HTTPS_PROXY", "")]), None);
        assert_eq!(chosen(host, None, &[https, ("NO_PROXY", ".example")]), None);
        assert_eq!(chosen("127.0.0.1:7443", None, &[https]), None);
    }

    #[test]
    fn an_address_that_cannot_be_used_is_not_passed_over() {
        let variable = |name: &str| (name == "ALL_PROXY").then(|| "socks5://secret@p:1".to_owned());
        let error = HostAddress::choose_by("h.example:1".into(), None, &variable).unwrap_err();
        assert_eq!(error.code(), "VC-0870");
        assert!(error.to_string().contains("ALL_PROXY"));
        assert!(!error.to_string().contains("secret"));
    }
}
