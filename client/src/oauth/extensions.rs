//! What a client says beside its token (KIP-342): names and values, checked as Java checks them.

use crate::{Error, ErrorKind, Secret};

/// Those of a JAAS text whose options begin with this prefix.
///
/// # Errors
/// A name that is not made of letters, or `auth`, which is the token's own; a value that cannot be sent.
pub(super) fn of_options(options: &[(String, Secret)], prefix: &str) -> Result<Vec<(String, String)>, Error> {
    let named = options.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
    let extensions: Vec<_> =
        named.map(|(name, value)| (name.to_owned(), value.reveal().to_owned())).collect();
    check(&extensions).map_err(|sentence| Error::new(ErrorKind::Config, sentence))?;
    Ok(extensions)
}

/// Checks names and values.
pub(super) fn check(extensions: &[(String, String)]) -> Result<(), String> {
    for (name, value) in extensions {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphabetic()) {
            return Err(format!(
                "the SASL extension '{}' has a name that is not made of letters",
                name.escape_debug()
            ));
        }
        if name == "auth" {
            return Err("the SASL extension 'auth' is the token itself: give it another name".to_owned());
        }
        let sendable = |c: char| c.is_ascii_graphic() || " \t\r\n".contains(c);
        if value.is_empty() || !value.chars().all(sendable) {
            return Err(format!(
                "the SASL extension '{name}' has a value that is empty, or not of printable ASCII"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Vec<(String, Secret)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect()
    }

    #[test]
    fn options_with_the_prefix_are_extensions() {
        let options =
            options(&[("clientId", "a"), ("extension_logicalCluster", "lkc-1"), ("extension_pool", "x y")]);
        let extensions = of_options(&options, "extension_").unwrap();
        assert_eq!(extensions, [("logicalCluster".into(), "lkc-1".into()), ("pool".into(), "x y".into())]);
    }

    #[test]
    fn what_the_broker_would_refuse_is_refused_here() {
        for (name, value, why) in [
            ("extension_auth", "Bearer x", "'auth' is the token itself"),
            ("extension_", "x", "not made of letters"),
            ("extension_trace-id", "x", "'trace-id' has a name that is not made of letters"),
            ("extension_a", "", "'a' has a value that is empty"),
            ("extension_a", "x\u{1}auth=Bearer y", "'a' has a value"),
            ("extension_a", "ü", "'a' has a value"),
        ] {
            let error = of_options(&options(&[(name, value)]), "extension_").unwrap_err().to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
    }
}
