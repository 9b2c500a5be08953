//! What a message says of itself: key, versions and flexible, or whom it answers.

use proc_macro2::{Span, TokenStream as Tokens};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, LitInt, Result};

use crate::row::{options, range};

pub(crate) enum Api {
    Asks { key: LitInt, versions: Tokens, current: Tokens, flexible: Tokens, about: String },
    Answers(Expr),
}

impl Parse for Api {
    fn parse(input: ParseStream) -> Result<Self> {
        let (mut key, mut versions, mut flexible) =
            (None, None, quote!(::upsert_kafka_protocol::wire::Versions::NONE));
        let mut current = quote!(::upsert_kafka_protocol::wire::Versions::ANY);
        let mut about = String::new();
        for (name, value) in options(input)? {
            about += &value.as_ref().map_or(String::new(), |v| format!("{name} {}, ", quote!(#v)));
            match (name.to_string().as_str(), value) {
                ("answers", Some(request)) => return Ok(Self::Answers(request)),
                ("key", Some(v)) => key = Some(syn::parse2(quote!(#v))?),
                ("versions", Some(v)) => versions = Some(range(&v)?),
                ("current", Some(v)) => current = range(&v)?,
                ("flexible", Some(v)) => flexible = range(&v)?,
                _ => {
                    return Err(syn::Error::new(
                        name.span(),
                        "expected key, versions, current, flexible or answers",
                    ));
                }
            }
        }
        Ok(Self::Asks {
            key: key.unwrap_or_else(|| LitInt::new("-1", Span::call_site())),
            versions: versions.ok_or_else(|| input.error("a message needs its versions"))?,
            current,
            flexible,
            about: format!("\n\nMessage: {}.", about.trim_end_matches(", ")),
        })
    }
}

impl Api {
    /// The line that rustdoc shows under the struct's own.
    pub(crate) fn about(&self) -> String {
        match self {
            Self::Asks { about, .. } => about.clone(),
            Self::Answers(request) => format!("\n\nThe response to [`{}`].", quote!(#request)),
        }
    }

    pub(crate) fn expand(&self, name: &syn::Ident) -> Tokens {
        let (key, versions, current, flexible, request) = match self {
            Self::Asks { key, versions, current, flexible, .. } => {
                let current =
                    quote!(#current.and(<Self as ::upsert_kafka_protocol::wire::Message>::VERSIONS));
                (quote!(#key), versions.clone(), current, flexible.clone(), None)
            }
            Self::Answers(request) => (
                quote!(<#request as ::upsert_kafka_protocol::wire::Message>::KEY),
                quote!(<#request as ::upsert_kafka_protocol::wire::Message>::VERSIONS),
                quote!(<#request as ::upsert_kafka_protocol::wire::Message>::CURRENT),
                quote!(<#request as ::upsert_kafka_protocol::wire::Message>::FLEXIBLE),
                Some(quote! {
                    impl ::upsert_kafka_protocol::wire::Request for #request {
                        type Response = #name;
                    }
                }),
            ),
        };
        quote! {
            impl ::upsert_kafka_protocol::wire::Message for #name {
                const KEY: i16 = #key;
                const VERSIONS: ::upsert_kafka_protocol::wire::Versions = #versions;
                const CURRENT: ::upsert_kafka_protocol::wire::Versions = #current;
                const FLEXIBLE: ::upsert_kafka_protocol::wire::Versions = #flexible;
            }
            #request
        }
    }
}
