//! How settings of TLS and SASL are read from text and shown again.

use super::super::java_class::unshaded;
use super::super::{
    AssertionAlgorithm, EndpointIdentification, JwtRetriever, OAuthLoginHandler, SaslMechanism,
    SecurityProtocol, StoreType, TlsVersion,
};
use super::{Setting, items};

/// Names in any case; all of them are listed when a text is none.
macro_rules! names {
    ($type:ty, $all:expr) => {
        impl Setting for $type {
            fn parse(text: &str) -> Result<Self, String> {
                let all = $all;
                let found = all.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
                found.map(|(it, _)| *it).ok_or_else(|| {
                    let names: Vec<_> = all.iter().map(|(_, name)| *name).collect();
                    format!("'{text}' is none of {}", names.join(", "))
                })
            }

            fn show(&self) -> String {
                let all = $all;
                all.iter().find(|(it, _)| it == self).map_or_else(String::new, |(_, name)| (*name).to_owned())
            }
        }
    };
}

names!(
    SecurityProtocol,
    [
        (SecurityProtocol::Plaintext, "PLAINTEXT"),
        (SecurityProtocol::Ssl, "SSL"),
        (SecurityProtocol::SaslSsl, "SASL_SSL"),
        (SecurityProtocol::SaslPlaintext, "SASL_PLAINTEXT"),
    ]
);
names!(SaslMechanism, SaslMechanism::ALL);
names!(AssertionAlgorithm, AssertionAlgorithm::ALL);

impl Setting for Option<StoreType> {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_uppercase().as_str() {
            "" => Ok(None),
            "JKS" => Ok(Some(StoreType::Jks)),
            "PKCS12" => Ok(Some(StoreType::Pkcs12)),
            "PEM" => Ok(Some(StoreType::Pem)),
            _ => Err(format!(
                "'{text}' is none of JKS, PKCS12, PEM; keytool -importkeystore makes a PKCS12 of any other"
            )),
        }
    }

    fn show(&self) -> String {
        self.map_or_else(String::new, |it| it.to_string())
    }
}

impl Setting for EndpointIdentification {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "https" => Ok(Self::Https),
            // librdkafka's word for it.
            "" | "none" => Ok(Self::None),
            _ => Err(format!("'{text}' is neither https nor empty")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Https => "https".to_owned(),
            Self::None => String::new(),
        }
    }
}

impl Setting for Vec<TlsVersion> {
    fn parse(text: &str) -> Result<Self, String> {
        let mut versions = Self::new();
        let mut old = Vec::new();
        for item in items(text) {
            match item.to_ascii_uppercase().as_str() {
                "TLSV1.2" => versions.push(TlsVersion::V1_2),
                "TLSV1.3" => versions.push(TlsVersion::V1_3),
                "TLSV1" | "TLSV1.1" | "SSLV3" | "SSLV2HELLO" => old.push(item),
                _ => return Err(format!("'{item}' is none of TLSv1.2, TLSv1.3")),
            }
        }
        match old.is_empty() || !versions.is_empty() {
            true => Ok(versions),
            false => {
                Err(format!("{} is broken and not spoken here, only TLSv1.2 and TLSv1.3 are", old.join(", ")))
            }
        }
    }

    /// Empty is both.
    fn show(&self) -> String {
        let shown = |it: &TlsVersion| match it {
            TlsVersion::V1_2 => "TLSv1.2",
            TlsVersion::V1_3 => "TLSv1.3",
        };
        let all = [TlsVersion::V1_2, TlsVersion::V1_3];
        let versions = if self.is_empty() { &all[..] } else { self };
        versions.iter().map(shown).collect::<Vec<_>>().join(",")
    }
}

impl Setting for OAuthLoginHandler {
    fn parse(text: &str) -> Result<Self, String> {
        let class = unshaded(text);
        if DEFAULT_HANDLERS.contains(&class) {
            return Ok(Self::Unset);
        }
        Self::of_class(class).ok_or_else(|| {
            let more = match class.starts_with("io.strimzi.") {
                true => "; of Strimzi's options oauth.token.endpoint.uri is sasl.oauthbearer.token.endpoint.url, and \
                         oauth.client.id and oauth.client.secret are sasl.oauthbearer.client.credentials.client.id and .secret",
                false => "; a token source of your own is given to OAuthConfig::token_source",
            };
            format!("the Java class '{text}' cannot be loaded here, only {} are known{more}", classes(&Self::CLASSES))
        })
    }

    fn show(&self) -> String {
        class_of(&Self::CLASSES, *self)
    }
}

impl Setting for JwtRetriever {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Default);
        }
        Self::of_class(unshaded(text)).ok_or_else(|| {
            format!(
                "the Java class '{text}' cannot be loaded here, only {} are known",
                classes(&Self::CLASSES)
            )
        })
    }

    fn show(&self) -> String {
        class_of(&Self::CLASSES, *self)
    }
}

fn classes<T>(all: &[(T, &str)]) -> String {
    let names: Vec<_> = all.iter().map(|(_, name)| *name).filter(|name| !name.is_empty()).collect();
    names.join(", ")
}

fn class_of<T: PartialEq>(all: &[(T, &str)], wanted: T) -> String {
    all.iter().find(|(it, _)| *it == wanted).map_or_else(String::new, |(_, name)| (*name).to_owned())
}

/// What Java takes where nothing is said.
const DEFAULT_HANDLERS: [&str; 3] = [
    "org.apache.kafka.common.security.authenticator.AbstractLogin$DefaultLoginCallbackHandler",
    "org.apache.kafka.common.security.authenticator.SaslClientCallbackHandler",
    "org.apache.kafka.common.security.kerberos.KerberosClientCallbackHandler",
];
