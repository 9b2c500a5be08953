//! What a field says of itself: one row of its message's table.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::parse::ParseStream;
use syn::{Expr, Field, Result, Token, parse_quote};

pub(crate) struct Row {
    pub(crate) name: syn::Ident,
    ty: syn::Type,
    versions: Tokens,
    nullable: Tokens,
    pub(crate) tag: Option<Expr>,
    ignorable: bool,
    pub(crate) default: Tokens,
}

impl Row {
    /// Takes the `#[versions(..)]` attribute off a field, and has rustdoc tell what it says.
    pub(crate) fn take(field: &mut Field) -> Result<Self> {
        let ty = field.ty.clone();
        let Some(name) = field.ident.clone() else {
            return Err(syn::Error::new_spanned(field, "message fields have names"));
        };
        let mut row = Self {
            name,
            versions: quote!(::upsert_kafka_protocol::wire::Versions { from: 0, to: i16::MAX }),
            nullable: quote!(::upsert_kafka_protocol::wire::Versions::NONE),
            tag: None,
            ignorable: false,
            default: quote!(<#ty as ::upsert_kafka_protocol::wire::Wire>::blank()),
            ty,
        };
        let mut about = String::from("\n\nEvery version");
        if let Some(at) = field.attrs.iter().position(|a| a.path().is_ident("versions")) {
            about.clear();
            field.attrs.remove(at).parse_args_with(|input: ParseStream| row.parse(input, &mut about))?;
        }
        let about = format!("{about}.");
        field.attrs.push(parse_quote!(#[doc = #about]));
        Ok(row)
    }

    fn parse(&mut self, input: ParseStream, about: &mut String) -> Result<()> {
        let versions = input.parse()?;
        self.versions = range(&versions)?;
        *about = format!("\n\nVersions {}", told(&versions));
        if input.parse::<Option<Token![,]>>()?.is_none() {
            return Ok(());
        }
        for (name, value) in options(input)? {
            match (name.to_string().as_str(), value) {
                ("nullable", Some(v)) => {
                    self.nullable = range(&v)?;
                    *about += &format!(", null {}", told(&v));
                }
                ("tag", Some(v)) => {
                    *about += &format!(", tag {}", quote!(#v));
                    self.tag = Some(v);
                }
                ("default", Some(v)) => {
                    let ty = &self.ty;
                    *about += &format!(", default `{}`", quote!(#v));
                    self.default = quote!({ let default: #ty = #v; default });
                }
                ("ignorable", None) => self.ignorable = true,
                _ => {
                    return Err(syn::Error::new(name.span(), "expected nullable, tag, default or ignorable"));
                }
            }
        }
        Ok(())
    }

    /// The row as a constant.
    pub(crate) fn entry(&self) -> Tokens {
        let Self { name, ty, versions, nullable, ignorable, .. } = self;
        let tag = self.tag.as_ref().map_or_else(|| quote!(None), |t| quote!(Some(#t)));
        let name = name.to_string();
        let name = name.trim_start_matches("r#");
        quote! {
            ::upsert_kafka_protocol::wire::Field {
                name: #name,
                kind: <#ty as ::upsert_kafka_protocol::wire::Wire>::KIND,
                versions: #versions,
                nullable: #nullable,
                tag: #tag,
                ignorable: #ignorable,
            }
        }
    }
}

/// Reads `name = value, name, ...`.
pub(crate) fn options(input: ParseStream) -> Result<Vec<(syn::Ident, Option<Expr>)>> {
    let mut options = Vec::new();
    while !input.is_empty() {
        let name = input.parse()?;
        let value = input.parse::<Option<Token![=]>>()?.map(|_| input.parse()).transpose()?;
        options.push((name, value));
        if input.parse::<Option<Token![,]>>()?.is_none() {
            break;
        }
    }
    Ok(options)
}

/// Turns `4..` or `8..=10` into a `Versions`.
pub(crate) fn range(expr: &Expr) -> Result<Tokens> {
    if let Expr::Range(syn::ExprRange { start: Some(from), limits, end, .. }) = expr {
        match (limits, end) {
            (_, None) => {
                return Ok(quote!(::upsert_kafka_protocol::wire::Versions { from: #from, to: i16::MAX }));
            }
            (syn::RangeLimits::Closed(_), Some(to)) => {
                return Ok(quote!(::upsert_kafka_protocol::wire::Versions { from: #from, to: #to }));
            }
            _ => {}
        }
    }
    Err(syn::Error::new_spanned(expr, "expected versions such as 4.. or 8..=10"))
}

/// `4..` as people say it: 4+.
fn told(versions: &Expr) -> String {
    let text = quote!(#versions).to_string().replace(' ', "");
    match text.split_once("..=") {
        Some((from, to)) if from == to => from.into(),
        Some((from, to)) => format!("{from} to {to}"),
        None => text.replace("..", "+"),
    }
}
