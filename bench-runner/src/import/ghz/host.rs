//! The host as grpc-go reads it: a name of its resolvers, or `host:port`.

/// The address of a scenario for a host; why not, where there is none.
pub(super) fn address(host: &str, tls: bool) -> Result<String, String> {
    if let Some(path) = host.strip_prefix("unix:") {
        return unix(path, tls);
    }
    if let Some((scheme, _)) = host.split_once("://").filter(|(scheme, _)| {
        !matches!(
            *scheme,
            "dns" | "passthrough" | "http" | "https" | "grpc" | "grpcs"
        )
    }) {
        return Err(format!("there is no resolver `{scheme}` here"));
    }
    let plain = authority(host).trim_end_matches('/');
    let (name, port) = split(plain).ok_or_else(|| format!("`{host}` is no host and port"))?;
    let scheme = if tls { "https" } else { "http" };
    Ok(format!("{scheme}://{name}:{port}"))
}

fn unix(path: &str, tls: bool) -> Result<String, String> {
    let path = path
        .strip_prefix("//")
        .filter(|path| path.starts_with('/'))
        .unwrap_or(path);
    match path.starts_with('/') {
        true if tls => Err("there is no TLS over a Unix socket here".to_owned()),
        true => Ok(format!("unix:{path}")),
        false => Err("the path of a socket begins with `/` here".to_owned()),
    }
}

/// `host:port` of `dns:///host:port`, `dns://server/host:port`, `dns:host:port` and the like.
fn authority(host: &str) -> &str {
    for scheme in ["dns:", "passthrough:", "ipv4:", "ipv6:"] {
        let Some(rest) = host.strip_prefix(scheme) else {
            continue;
        };
        return match rest.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or(rest, |(_, name)| name),
            None => rest,
        };
    }
    host.split_once("://").map_or(host, |(_, rest)| rest)
}

/// The name, in brackets where it is an IPv6 address, and the port: grpc-go's is 443 where there is none, and no name is
/// this machine.
fn split(text: &str) -> Option<(String, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (v6, rest) = rest.split_once(']')?;
        v6.parse::<std::net::Ipv6Addr>().ok()?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None if rest.is_empty() => 443,
            None => return None,
        };
        return (port != 0).then(|| (format!("[{v6}]"), port));
    }
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, port.parse().ok()?),
        None => (text, 443),
    };
    let name = match name {
        "" if text.is_empty() => return None,
        "" => "localhost",
        name => name,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    (port != 0 && name.chars().all(plain)).then(|| (name.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_grpc_go_does() {
        for (host, expected) in [
            ("0.0.0.0:50051", "http://0.0.0.0:50051"),
            ("api.example.com", "http://api.example.com:443"),
            (":9000", "http://localhost:9000"),
            ("[::1]:50051", "http://[::1]:50051"),
            ("dns:///greeter.svc:80", "http://greeter.svc:80"),
            ("dns://8.8.8.8/greeter:80", "http://greeter:80"),
            ("passthrough:///greeter:80", "http://greeter:80"),
            ("ipv4:10.0.0.1:80", "http://10.0.0.1:80"),
            ("http://greeter:80/", "http://greeter:80"),
            ("unix:///run/x.sock", "unix:/run/x.sock"),
            ("unix:/run/x.sock", "unix:/run/x.sock"),
        ] {
            assert_eq!(address(host, false).as_deref(), Ok(expected));
        }
        assert_eq!(address("a:1", true).as_deref(), Ok("https://a:1"));
    }

    #[test]
    fn what_is_no_address_here_says_why() {
        for (host, why) in [
            ("xds:///greeter", "no resolver `xds`"),
            ("unix:x.sock", "begins with `/`"),
            ("a b:3", "no host and port"),
            ("a:0", "no host and port"),
            ("a:99999", "no host and port"),
            ("a:1:2", "no host and port"),
        ] {
            let said = address(host, false).unwrap_err();
            assert!(said.contains(why), "{host}: {said}");
        }
        assert!(address("unix:/x", true).is_err());
    }
}
